"""How many answers may be prepared at once on one server before anybody asked for them."""


class PreparedRoom:
    """A count with a limit, shared by all sessions. Taking never waits."""

    def __init__(self, limit: int) -> None:
        self._free = limit

    def take(self) -> bool:
        """Take a place if there is one."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    def give_back(self) -> None:
        """Free a place that was taken."""
        self._free += 1
