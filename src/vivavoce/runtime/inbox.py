"""The one line of everything a session is told: client events and what jobs report, in order."""

import asyncio
from collections import deque

from vivavoce.core.inputs import Input
from vivavoce.interfaces import TrackSound
from vivavoce.protocol.client_events import InputAudioBufferAppend

INBOX_ITEMS = 64
"""Who finds this many waiting, waits too; at 200 ms of sound each, 0.6 MB."""
WAITING_SOUNDS = 100
"""Of a call's microphone, 20 ms each: sound that is older than 2 s interrupts nobody any more."""
AUDIO_BYTES = 1024 * 1024
"""Appended audio that may wait (20 s and more); one append may hold 15 times as much."""

Arrival = Input | InputAudioBufferAppend | TrackSound
"""An append is cut and decoded when its turn comes, so that a change of format keeps its place."""


class Inbox:
    """Bounded, first in first out; many put, one gets."""

    def __init__(self) -> None:
        self._arrivals: deque[Arrival | None] = deque()
        self._news: asyncio.Future[None] | None = None
        """What `get` waits for; a queue and a timeout would cost more, 50 times a second."""
        self._room = asyncio.Semaphore(INBOX_ITEMS)
        self._n_sounds = 0
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_s = 0.0
        self._has_ended = False
        self._audio_bytes = 0
        self._has_audio_room = asyncio.Event()
        self._has_audio_room.set()

    @property
    def is_empty(self) -> bool:
        """Whether `get` would wait."""
        return not self._arrivals

    async def wait_for_audio_room(self) -> None:
        """Wait, before reading from the client, until the audio it sent is mostly taken in."""
        if not self._has_audio_room.is_set():
            await self._has_audio_room.wait()

    async def put(self, arrival: Arrival) -> None:
        """Add at the end once there is room; after the end it is dropped."""
        if self._has_ended:
            return
        await self._room.acquire()
        self._add(arrival)
        self._count_audio(arrival, 1)

    def put_sound(self, sound: TrackSound) -> bool:
        """Add at the end, or return False where too much waits already; dropped after the end."""
        if self._has_ended:
            return True
        if self._n_sounds >= WAITING_SOUNDS:
            return False
        self._n_sounds += 1
        self._add(sound)
        return True

    def end(self) -> None:
        """Let `get` return None after all that came before. May be called more than once."""
        self._has_ended = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._add(None)

    async def get(self, timeout_s: float | None) -> Arrival | None:
        """Wait for the next arrival; None at the end.

        Raises:
            TimeoutError: nothing came in `timeout_s`, or in that of an earlier `get`.
        """
        while not self._arrivals:
            await self._wait_for_news(timeout_s)
        arrival = self._arrivals.popleft()
        if isinstance(arrival, TrackSound):
            self._n_sounds -= 1
        elif arrival is not None:
            self._room.release()
            self._count_audio(arrival, -1)
        return arrival

    def _add(self, arrival: Arrival | None) -> None:
        self._arrivals.append(arrival)
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def _wait_for_news(self, timeout_s: float | None) -> None:
        loop = asyncio.get_running_loop()
        self._news = loop.create_future()
        if timeout_s is not None:
            self._set_alarm(loop, loop.time() + timeout_s)
        await self._news

    def _set_alarm(self, loop: asyncio.AbstractEventLoop, at_s: float) -> None:
        """Let the wait end at this time; an earlier alarm stands, which is cheaper."""
        if self._alarm is not None:
            if self._alarm_s <= at_s:
                return
            self._alarm.cancel()
        self._alarm_s = at_s
        self._alarm = loop.call_at(at_s, self._time_out)

    def _time_out(self) -> None:
        self._alarm = None
        if self._news is not None and not self._news.done():
            self._news.set_exception(TimeoutError())

    def _count_audio(self, arrival: Arrival, sign: int) -> None:
        if isinstance(arrival, InputAudioBufferAppend):
            self._audio_bytes += sign * len(arrival.audio)
            if self._audio_bytes > AUDIO_BYTES:
                self._has_audio_room.clear()
            else:
                self._has_audio_room.set()
