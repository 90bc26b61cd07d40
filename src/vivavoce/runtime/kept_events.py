"""What was sent to a client of late, so that it can be sent again to one that comes back."""

from collections import deque

from vivavoce.runtime.outbox import Waiting

MAX_BYTES = 16 * 1024 * 1024
"""Of events, as long as they are on the wire; 4 minutes of spoken answer."""


class KeptEvents:
    """The last events of one session in their order, up to `MAX_BYTES`."""

    def __init__(self) -> None:
        self._kept: deque[tuple[Waiting, float]] = deque()
        """With the moment (monotonic seconds) at which each was added."""
        self._size_bytes = 0
        self._just_before: set[str] = set()
        """Names of the place before the first event: the id of the one that was there, or more."""

    @property
    def size_bytes(self) -> int:
        """Of all events that are kept."""
        return self._size_bytes

    def add(self, entry: Waiting, now: float) -> None:
        """Keep an event; the oldest are dropped if there is no room."""
        self._kept.append((entry, now))
        self._size_bytes += entry.size_bytes
        while self._size_bytes > MAX_BYTES:
            self._drop_first()

    def drop_before(self, moment: float) -> None:
        """Drop what is older: the client has it, or will not ask for it."""
        while self._kept and self._kept[0][1] < moment:
            self._drop_first()

    def after(self, event_id: str) -> list[Waiting] | None:
        """Return all that followed an event; None: it is unknown, or not all is kept."""
        position = self._position(event_id)
        return None if position is None else [entry for entry, _ in list(self._kept)[position:]]

    def resumed(self, after: str, event_id: str) -> None:
        """Note that the client has everything up to `after`, which `after()` knows.

        From now on `event_id` names that place too: it is the id of an event that is never sent
        again, and yet may be the last one that the client gets.
        """
        for _ in range(self._position(after) or 0):
            self._drop_first()
        self._just_before = {after, event_id}

    def _position(self, event_id: str) -> int | None:
        if event_id in self._just_before:
            return 0
        for index, (entry, _) in enumerate(self._kept):
            if entry.event.event_id == event_id:
                return index + 1
        return None

    def _drop_first(self) -> None:
        entry, _ = self._kept.popleft()
        self._size_bytes -= entry.size_bytes
        self._just_before = {entry.event.event_id}
