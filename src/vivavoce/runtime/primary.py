"""The place of the client that a session began with: taken, or kept free for it a while."""

import asyncio

from vivavoce.clock import Clock
from vivavoce.core.outputs import Close
from vivavoce.errors import ProtocolError
from vivavoce.protocol.extensions import is_extension
from vivavoce.runtime.connection import Connection
from vivavoce.runtime.kept_events import MAX_BYTES, KeptEvents
from vivavoce.runtime.outbox import Waiting

AWAY_ROOM_BYTES = MAX_BYTES // 2
"""Made while the client is away, before producers pause: 2 minutes of spoken answer. The other
half is for what it was sent before and may not have got."""


class Primary:
    """Every event for the client goes through here, so that none is lost with a connection."""

    def __init__(self, connection: Connection, clock: Clock, keep_s: float | None) -> None:
        """Seat the client.

        Args:
            connection: its first.
            clock: for the age of events.
            keep_s: how long events are kept for a client that may come back; None: it may not.
        """
        self.connection = connection
        """The one it has, or had last."""
        self._clock = clock
        self._keep_s = keep_s
        self._kept = None if keep_s is None else KeptEvents()
        self._n_received_before = 0
        self._resumed_at = clock.now()
        self._is_back: asyncio.Event | None = None
        """None: the client is there."""
        self._away_bytes = 0

    @property
    def may_return(self) -> bool:
        """Whether the client asked to come back after a loss."""
        return self._kept is not None

    @property
    def is_away(self) -> bool:
        """Whether it has no connection."""
        return self._is_back is not None

    @property
    def n_received(self) -> int:
        """Events taken in over all its connections; final once the last one stopped reading."""
        return self._n_received_before + self.connection.n_received

    def put(self, entry: Waiting) -> None:
        """Let an event be sent, now or when the client is back."""
        if not self.connection.extensions and is_extension(type(entry.event)):
            return
        if self._kept is not None:
            self._keep(self._kept, entry)
        if self._is_back is None:
            self.connection.put(entry)

    async def wait_for_room(self) -> None:
        """Wait until the client has taken enough, or the place of one that is away has room."""
        while True:
            connection = self.connection
            if self._is_back is None:
                await connection.wait_for_room()
            elif self._away_bytes > AWAY_ROOM_BYTES:
                await self._is_back.wait()
            if connection is self.connection and (not self.is_away or self._has_away_room):
                return

    def finish(self, close: Close) -> None:
        """End the connection politely; nobody is waited for any more."""
        self.connection.finish(close)
        self._end_absence()

    def leave(self) -> asyncio.Event:
        """Note that the connection is lost; return what is set when the client is back."""
        self._away_bytes = 0
        self._is_back = asyncio.Event()
        return self._is_back

    def missed(self, after: str) -> list[Waiting]:
        """Return what was sent after an event.

        Raises:
            ProtocolError: not all of it is there any more, or there is no such event.
        """
        missed = None if self._kept is None else self._kept.after(after)
        if missed is None:
            raise ProtocolError(
                f"The events after '{after[:100]}' are not kept any more, or there never was such "
                "an event. Begin a new session.",
                code="resume_events_gone",
                param="after",
            )
        return missed

    def take_place(self, connection: Connection, resumed: str, after: str) -> None:
        """Go on over a new connection, whose backlog begins with the event `resumed`.

        Args:
            connection: holds all that `missed` returned; nothing was put since.
            resumed: id of an event that is not sent again.
            after: id of the event before it.
        """
        assert self._kept is not None
        self._kept.resumed(after, resumed)
        self._resumed_at = self._clock.now()
        self._n_received_before = self.n_received
        self.connection = connection
        self._end_absence()

    @property
    def _has_away_room(self) -> bool:
        return self._away_bytes <= AWAY_ROOM_BYTES

    def _end_absence(self) -> None:
        if self._is_back is not None:
            self._is_back.set()
            self._is_back = None

    def _keep(self, kept: KeptEvents, entry: Waiting) -> None:
        now = self._clock.now()
        kept.add(entry, now)
        if self._is_back is not None:
            self._away_bytes += entry.size_bytes
        elif self._keep_s is not None and now - self._keep_s > self._resumed_at:
            kept.drop_before(now - self._keep_s)
