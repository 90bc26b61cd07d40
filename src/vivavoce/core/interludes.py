"""Lines and sounds that the listener is played and that are no part of the conversation."""

from vivavoce.interfaces import PRIMARY

MOST = 16
"""So many may wait at once: more than anybody wants to hear, few enough to be kept."""


class Interludes:
    """Knows only itself: which of them are under way, and which connections may ask for them."""

    def __init__(self) -> None:
        self._begun: dict[str, bool] = {}
        """By playback id, in the order of asking: whether the listener hears it already."""
        self._allowed: set[int] = set()

    @property
    def is_busy(self) -> bool:
        """Whether one is being played, or is about to be."""
        return bool(self._begun)

    @property
    def is_full(self) -> bool:
        """Whether no further one may be added."""
        return len(self._begun) >= MOST

    @property
    def playback_ids(self) -> tuple[str, ...]:
        """Of those under way."""
        return tuple(self._begun)

    def __contains__(self, playback_id: str) -> bool:
        return playback_id in self._begun

    def allow(self, connection: int) -> None:
        """Note that a connection asked for `vivavoce.*` events."""
        self._allowed.add(connection)

    def may_be_asked_by(self, connection: int | None) -> bool:
        """Say whether a connection may ask for one."""
        return (PRIMARY if connection is None else connection) in self._allowed

    def add(self, playback_id: str) -> None:
        """Note that one is wanted."""
        self._begun[playback_id] = False

    def start(self, playback_id: str) -> bool:
        """Note that one begins to be heard; return whether that is news."""
        if self._begun.get(playback_id, True):
            return False
        self._begun[playback_id] = True
        return True

    def end(self, playback_id: str) -> bool:
        """Note that one is over; return whether that is news."""
        return self._begun.pop(playback_id, None) is not None
