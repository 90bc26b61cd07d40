"""The one line of everything a session is told: client events and what jobs report, in order."""

import asyncio

from vivavoce.core.inputs import Input
from vivavoce.interfaces import TrackSound
from vivavoce.protocol.client_events import InputAudioBufferAppend

INBOX_ITEMS = 64
"""Who finds this many waiting, waits too; at 200 ms of sound each, 0.6 MB."""
AUDIO_BYTES = 1024 * 1024
"""Appended audio that may wait (20 s and more); one append may hold 15 times as much."""

Arrival = Input | InputAudioBufferAppend | TrackSound
"""An append is cut and decoded when its turn comes, so that a change of format keeps its place."""


class Inbox:
    """Bounded, first in first out; many put, one gets."""

    def __init__(self) -> None:
        self._arrivals: asyncio.Queue[Arrival | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(INBOX_ITEMS)
        self._has_ended = False
        self._audio_bytes = 0
        self._has_audio_room = asyncio.Event()
        self._has_audio_room.set()

    async def wait_for_audio_room(self) -> None:
        """Wait, before reading from the client, until the audio it sent is mostly taken in."""
        await self._has_audio_room.wait()

    async def put(self, arrival: Arrival) -> None:
        """Add at the end once there is room; after the end it is dropped."""
        if self._has_ended:
            return
        await self._room.acquire()
        self._arrivals.put_nowait(arrival)
        self._count_audio(arrival, 1)

    def end(self) -> None:
        """Let `get` return None after all that came before. May be called more than once."""
        self._has_ended = True
        self._arrivals.put_nowait(None)

    async def get(self, timeout_s: float | None) -> Arrival | None:
        """Wait for the next arrival; None at the end.

        Raises:
            TimeoutError: nothing came in `timeout_s`.
        """
        if self._arrivals.empty():
            async with asyncio.timeout(timeout_s):
                arrival = await self._arrivals.get()
        else:
            arrival = self._arrivals.get_nowait()
        if arrival is not None:
            self._room.release()
            self._count_audio(arrival, -1)
        return arrival

    def _count_audio(self, arrival: Arrival, sign: int) -> None:
        if isinstance(arrival, InputAudioBufferAppend):
            self._audio_bytes += sign * len(arrival.audio)
            if self._audio_bytes > AUDIO_BYTES:
                self._has_audio_room.clear()
            else:
                self._has_audio_room.set()
