"""Engines and rules that do as they are told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

from vivavoce.clock import Clock
from vivavoce.core.inputs import Input
from vivavoce.core.outputs import Output
from vivavoce.ids import counting_ids
from vivavoce.interfaces import (
    AudioDelta,
    AudioOrPause,
    Engines,
    Finished,
    Prompt,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
    Tool,
    ToolServers,
    TranscriberAbilities,
    Transcript,
    TranscriptionEvent,
    TranscriptionHints,
)
from vivavoce.media.pcm import Pcm, silence
from vivavoce.protocol.audio_settings import AudioFormat, NoiseReduction, PcmFormat
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.runtime.observer import Observer
from vivavoce.runtime.prepared_room import PreparedRoom
from vivavoce.runtime.response_limits import ResponseLimits
from vivavoce.runtime.rules import Rules
from vivavoce.runtime.runner import SessionRunner
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.testing.transport import MemoryClient, memory_pair

FRAME_BYTES = 1536  # 32 ms at 24 kHz


class LevelDetector:
    """Loud is speech."""

    def __init__(self) -> None:
        self._rest = b""

    def push(self, audio: Pcm) -> list[float]:
        self._rest += audio.data
        probabilities = []
        while len(self._rest) >= FRAME_BYTES:
            frame, self._rest = self._rest[:FRAME_BYTES], self._rest[FRAME_BYTES:]
            probabilities.append(0.9 if any(frame) else 0.0)
        return probabilities


@dataclass
class ScriptedTranscriber:
    """Hears everything to its end, then says its text."""

    text: str = "hello there"
    prepare_after_ms: int = 32
    abilities: TranscriberAbilities = field(default_factory=TranscriberAbilities)
    heard: list[AudioOrPause] = field(default_factory=list)

    async def transcribe(
        self, audio: AsyncIterator[AudioOrPause], hints: TranscriptionHints
    ) -> Stream[TranscriptionEvent]:
        async for piece in audio:
            self.heard.append(piece)
        yield Transcript(self.text)


Script = Callable[[ResponseRequest], Stream[ResponseEvent]]


async def short_answer(request: ResponseRequest) -> Stream[ResponseEvent]:
    yield TextDelta("Hi.")
    yield AudioDelta(silence(300).data)
    yield Finished()


async def hanging(request: ResponseRequest) -> Stream[ResponseEvent]:
    yield TextDelta("Well")
    await asyncio.Event().wait()


@dataclass
class ScriptedResponder:
    """Answers by its script; counts what was closed."""

    script: Script = short_answer
    prepare_after_ms: int = 100
    hears_audio: bool = False
    sees_pictures: bool = False
    n_started: int = 0
    n_closed: int = 0

    async def respond(self, request: ResponseRequest) -> Stream[ResponseEvent]:
        self.n_started += 1
        try:
            async for event in self.script(request):
                yield event
        finally:
            self.n_closed += 1


@dataclass
class ScriptedLanguageModel:
    """Counts words."""

    prepare_after_ms: int = 100
    window_tokens: int | None = 8192
    reasoning_efforts: tuple[str, ...] = ()
    sees_pictures: bool = False
    prefilled: list[Prompt] = field(default_factory=list)
    counted: list[list[str]] = field(default_factory=list)
    released: list[str] = field(default_factory=list)

    async def generate(self, prompt: Prompt) -> Stream[TextDelta | Finished]:
        yield Finished()

    async def prefill(self, prompt: Prompt) -> None:
        self.prefilled.append(prompt)

    async def count_tokens(self, texts: list[str]) -> list[int]:
        self.counted.append(texts)
        return [len(text.split()) for text in texts]

    def check_tool(self, tool: Tool) -> None:
        pass

    def release(self, session_id: str) -> None:
        self.released.append(session_id)


@dataclass
class Fakes:
    """The engines by their roles, to look at after a test."""

    responder: ScriptedResponder = field(default_factory=ScriptedResponder)
    transcriber: ScriptedTranscriber = field(default_factory=ScriptedTranscriber)
    language_model: ScriptedLanguageModel = field(default_factory=ScriptedLanguageModel)

    def engines(self) -> Engines:
        return Engines(
            new_speech_detector=LevelDetector,
            transcriber=self.transcriber,
            responder=self.responder,
            language_model=self.language_model,
            voices=("alloy",),
        )


class ScriptedRules:
    """A session whose answers a test gives: `answer(input)` returns the outputs."""

    session_id = "sess_1"

    def __init__(self, answer: Callable[[Input], Iterable[Output]]) -> None:
        self._answer = answer
        self.told: list[Input] = []
        self.next_deadline: float | None = None
        self.input_format: AudioFormat = PcmFormat()
        self.noise_reduction: NoiseReduction | None = None

    def handle(self, item: Input, now: float) -> list[Output]:
        self.told.append(item)
        return list(self._answer(item))


class BrokenTransport:
    """Cannot even receive."""

    close_code = 0
    unsent_bytes = 0

    async def receive(self) -> None:
        raise ZeroDivisionError

    async def send(self, event: ServerEvent) -> None: ...

    async def close(self, code: int, reason: str) -> None:
        self.close_code = code


@dataclass
class Running:
    """A runner over memory, ready to run."""

    runner: SessionRunner
    client: MemoryClient


def running(
    session: Rules,
    fakes: Fakes,
    *,
    settings: RunnerSettings | None = None,
    observers: Iterable[Observer] = (),
    prepared_room: PreparedRoom | None = None,
    reports_timing: bool = False,
    resume_token: str | None = None,
    limits: ResponseLimits | None = None,
    tool_servers: ToolServers | None = None,
) -> Running:
    transport, client = memory_pair()
    runner = SessionRunner(
        transport,
        fakes.engines(),
        session,
        Clock(),
        settings or RunnerSettings(),
        list(observers),
        new_id=counting_ids(),
        prepared_room=prepared_room or PreparedRoom(2),
        reports_timing=reports_timing,
        resume_token=resume_token,
        limits=limits,
        tool_servers=tool_servers,
    )
    return Running(runner, client)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something is so."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)
