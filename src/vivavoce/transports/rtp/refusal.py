"""Why a call's media can't be agreed on, in the words of SIP."""


class MediaRefused(Exception):  # noqa: N818 - an answer, not a fault
    """The other side's description of its media can't be used; nothing was changed by it.

    Source: RFC 3261, sections 21.4.1 and 21.4.26.
    """

    def __init__(self, reason: str, *, status: int = 488) -> None:
        super().__init__(reason)
        self.reason = reason
        """One line, for a `Warning` header or the log."""
        self.status = status
        """400: it can't be read; 488: it can't be used here."""
