"""A user who talks to a server with the official client, at the pace of speech, and listens.

The microphone never stops: it sends silence where nothing is said, as a browser does.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np
import pybase64
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from tests.recordings import recording
from vivavoce.media.pcm import RATE_HZ, silence

FRAME_MS = 40
LOUD = 500
"""Of 32,768: what is less is silence."""
QUESTIONS_TIMEOUT_S = 90.0

_log = logging.getLogger(__name__)
_FRAME_BYTES = RATE_HZ * 2 * FRAME_MS // 1000


@dataclass
class Heard:
    """What came of one response."""

    response: Any
    audio: bytes = b""
    latency_s: float | None = None
    """From the end of the last speech to the first sound of it."""

    @property
    def words(self) -> str:
        """The transcript of what it said."""
        return " ".join(
            part.transcript or ""
            for item in self.response.output
            if item.type == "message"
            for part in item.content
        )

    def calls(self, kind: str = "function_call") -> list[Any]:
        """Return its calls of a kind."""
        return [item for item in self.response.output if item.type == kind]


@dataclass
class Caller:
    """One connection; enter `calling` to get one."""

    connection: AsyncRealtimeConnection
    events: list[Any] = field(default_factory=list)
    """All that came, in order."""
    heard: list[Heard] = field(default_factory=list)
    """All responses that ended, in order."""
    stopped_s: float = 0.0
    """When the last speech ended."""
    _frames: deque[tuple[bytes, bool]] = field(default_factory=deque)
    _audio: dict[str, bytes] = field(default_factory=dict)
    _first_s: dict[str, float] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def update(self, **session: Any) -> None:
        """Set the session up, and wait until the server has."""
        n_before = len(self.of("session.updated"))
        event: Any = {"type": "session.update", "session": {"type": "realtime", **session}}
        await self.connection.send(event)
        await self.until(lambda: len(self.of("session.updated")) > n_before)

    async def say(self, name: str) -> None:
        """Say a recording; return when its last word was sent."""
        self.stopped_s = 0.0
        sound = _without_tail(recording(name).data)
        frames = [sound[i : i + _FRAME_BYTES] for i in range(0, len(sound), _FRAME_BYTES)]
        self._frames.extend((frame, False) for frame in frames[:-1])
        self._frames.append((frames[-1], True))
        await self.until(lambda: self.stopped_s > 0)

    async def ask(self, name: str) -> Heard:
        """Say a recording; return the first response that ends afterwards."""
        n_before = len(self.heard)
        await self.say(name)
        return await self.response(n_before)

    async def response(self, n_before: int | None = None) -> Heard:
        """Return the next response that ends, or the one after the first `n_before`."""
        index = len(self.heard) if n_before is None else n_before
        await self.until(lambda: len(self.heard) > index)
        return self.heard[index]

    async def go_on(self) -> Heard:
        """Ask for an answer; return it."""
        n_before = len(self.heard)
        await self.connection.send({"type": "response.create"})
        return await self.response(n_before)

    async def give(self, item: dict[str, Any]) -> None:
        """Add an item."""
        event: Any = {"type": "conversation.item.create", "item": item}
        await self.connection.send(event)

    def of(self, kind: str) -> list[Any]:
        """Return the events of a type."""
        return [event for event in self.events if event.type == kind]

    def transcripts(self) -> list[str]:
        """Return what the server understood of the user."""
        done = "conversation.item.input_audio_transcription.completed"
        return [event.transcript for event in self.of(done)]

    async def until(self, is_so: Callable[[], object]) -> None:
        """Wait until something is so; it is looked at after each event."""
        async with self._news:
            await self._news.wait_for(is_so)

    async def listen(self) -> None:
        """Take what comes, until cancelled."""
        async for event in self.connection:
            assert event.type != "error", event
            async with self._news:
                self._take(event)
                self._news.notify_all()

    async def send_sound(self) -> None:
        """Send a frame every 40 ms, until cancelled."""
        next_s = perf_counter()
        while True:
            frame, is_last = self._frames.popleft() if self._frames else (_SILENCE, False)
            audio = pybase64.b64encode(frame).decode()
            await self.connection.send({"type": "input_audio_buffer.append", "audio": audio})
            if is_last:
                async with self._news:
                    self.stopped_s = perf_counter()
                    self._news.notify_all()
            next_s += FRAME_MS / 1000
            await asyncio.sleep(max(0.0, next_s - perf_counter()))

    def _take(self, event: Any) -> None:
        self.events.append(event)
        if event.type == "response.output_audio.delta":
            self._first_s.setdefault(event.response_id, perf_counter())
            sound = pybase64.b64decode(event.delta)
            self._audio[event.response_id] = self._audio.get(event.response_id, b"") + sound
        elif event.type == "response.done":
            response_id = event.response.id
            heard = Heard(event.response, self._audio.get(response_id, b""))
            if (first_s := self._first_s.get(response_id)) is not None:
                heard.latency_s = first_s - self.stopped_s
            self.heard.append(heard)
            calls = [(one.name, one.arguments) for one in _calls_of(event.response)]
            _log.info(
                "%s after %s s: %s %s", event.response.status, heard.latency_s, heard.words, calls
            )
        elif event.type == "conversation.item.input_audio_transcription.completed":
            _log.info("you: %s", event.transcript)


@asynccontextmanager
async def calling(url: str) -> AsyncIterator[Caller]:
    """Connect, and talk and listen until the block is left."""
    async with (
        asyncio.timeout(QUESTIONS_TIMEOUT_S),
        AsyncOpenAI(api_key="any", base_url=url).realtime.connect(model="gpt-realtime") as talk,
        asyncio.TaskGroup() as tasks,
    ):
        caller = Caller(talk)
        running = [tasks.create_task(caller.listen()), tasks.create_task(caller.send_sound())]
        yield caller
        for task in running:
            task.cancel()


def _calls_of(response: Any) -> list[Any]:
    return [item for item in response.output if item.type in ("function_call", "mcp_call")]


def _without_tail(sound: bytes) -> bytes:
    """Cut off the silence behind the last word, so that its end is known."""
    loud = np.flatnonzero(np.abs(np.frombuffer(sound, np.int16).astype(np.int32)) > LOUD)
    return sound[: 2 * (int(loud[-1]) + 1)]


_SILENCE = silence(FRAME_MS).data
