"""What the listener is being played, where the server does the playing (WebRTC and SIP)."""


class Playback:
    """Knows only itself: responses with sound that is still to be played, in any state."""

    def __init__(self) -> None:
        self._pending: dict[str, bool] = {}
        """Responses whose sound is not through yet: whether it has begun to be heard."""
        self._cut: set[str] = set()
        """Responses whose further sound is not wanted."""

    @property
    def is_busy(self) -> bool:
        """Whether anything is being played, or is about to be."""
        return bool(self._pending)

    def is_pending(self, response_id: str) -> bool:
        """Whether sound of a response is being played, or is about to be."""
        return response_id in self._pending

    def queue(self, response_id: str) -> bool:
        """Note that more sound of a response was made; return whether it is to be played."""
        if response_id in self._cut:
            return False
        self._pending.setdefault(response_id, False)
        return True

    def start(self, response_id: str) -> bool:
        """Note that a response begins to be heard; return whether that is news."""
        if self._pending.get(response_id, True):
            return False
        self._pending[response_id] = True
        return True

    def end(self, response_id: str) -> bool:
        """Note that a response was heard to its end; return whether that is news."""
        return self._pending.pop(response_id, None) is not None

    def cut(self, response_id: str) -> bool:
        """Note that the rest of a response won't be heard; return whether it had begun."""
        self._cut.add(response_id)
        return self._pending.pop(response_id, False)

    def forget(self, response_id: str) -> None:
        """Note that a response makes no more sound."""
        self._cut.discard(response_id)
