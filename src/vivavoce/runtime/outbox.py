"""What waits to be sent to one client, and the pressure that puts on those who produce it."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from vivavoce.protocol.response_events import ResponseOutputAudioDelta
from vivavoce.protocol.server_events import ServerEvent, SessionOutputAudioDelta

ROOM_BYTES = 256 * 1024
"""Producers pause above it: 4 s of spoken answer, enough to bridge any pause of the loop."""
HARD_LIMIT_BYTES = 8 * 1024 * 1024
"""Above it the client does not read: jobs paused long ago, so these are control events alone."""
BASE64_GROWTH = 4 / 3
FRAME_BYTES = 200  # names and ids around an audio delta


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event with its size on the wire."""

    event: ServerEvent
    size_bytes: int


def sized(event: ServerEvent) -> Waiting:
    """Measure an event, once for all the outboxes that it goes to."""
    return Waiting(event, wire_size_bytes(event))


class Outbox:
    """First in, first out; putting never waits. One puts, one gets."""

    def __init__(self, backlog: Iterable[Waiting] = ()) -> None:
        """Begin with what the client missed; it may be of any size, and the limit is above it."""
        self._waiting: deque[Waiting] = deque(backlog)
        self._size_bytes = sum(entry.size_bytes for entry in self._waiting)
        self._limit_bytes = HARD_LIMIT_BYTES + self._size_bytes
        self._is_finished = False
        self._is_abandoned = False
        self._has_news = asyncio.Event()
        self._has_room = asyncio.Event()
        if self._size_bytes <= ROOM_BYTES:
            self._has_room.set()

    @property
    def size_bytes(self) -> int:
        """Bytes that wait, the event being sent included."""
        return self._size_bytes

    def put(self, entry: Waiting) -> bool:
        """Add an event at the end.

        Returns False, and takes nothing, when more than `HARD_LIMIT_BYTES` wait already. A
        single event may be larger than the limit (a retrieved item with minutes of audio).
        """
        if self._is_abandoned:
            return True
        if self._size_bytes > self._limit_bytes:
            return False
        self._waiting.append(entry)
        self._size_bytes += entry.size_bytes
        self._has_news.set()
        if self._size_bytes > ROOM_BYTES:
            self._has_room.clear()
        return True

    def finish(self) -> None:
        """Let `get` return None once all before is sent."""
        self._is_finished = True
        self._has_news.set()

    def abandon(self) -> None:
        """Forget everything, now and later: nobody sends any more."""
        self._is_abandoned = True
        self._waiting.clear()
        self._size_bytes = 0
        self._has_room.set()

    async def wait_for_room(self) -> None:
        """Wait until the client has taken enough of what was sent before."""
        await self._has_room.wait()

    async def get(self) -> Waiting | None:
        """Wait for the next event; `sent` must be called when it is on its way."""
        while not self._waiting:
            if self._is_finished:
                return None
            self._has_news.clear()
            await self._has_news.wait()
        return self._waiting.popleft()

    def sent(self, entry: Waiting) -> None:
        """Note that an event got from here was sent."""
        self._size_bytes = max(0, self._size_bytes - entry.size_bytes)
        if self._size_bytes <= ROOM_BYTES:
            self._has_room.set()


def wire_size_bytes(event: ServerEvent) -> int:
    """Return the size of an event as JSON; exact, but for audio deltas, which are estimated."""
    if isinstance(event, ResponseOutputAudioDelta | SessionOutputAudioDelta):
        return FRAME_BYTES + int(len(event.delta) * BASE64_GROWTH)
    return len(msgspec.json.encode(event))
