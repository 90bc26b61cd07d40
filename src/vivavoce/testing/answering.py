"""Scripted language model, synthesizer and responder."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import aclosing

from vivavoce.interfaces import (
    FRAME_MS,
    AudioDelta,
    Finished,
    ModelEvent,
    Prompt,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from vivavoce.media.pcm import BYTES_PER_MS, Pcm
from vivavoce.testing.asked import N_KEPT, Asked, recorded
from vivavoce.testing.script import Answer, Call, Sleep, Timeline, Voice, clauses, speech, tokens

DELTA_MS = 100
"""Longest piece of speech handed over at once."""


class ScriptedLanguageModel:
    """Writes what it is told, a word at a time."""

    def __init__(
        self,
        answer: Callable[[Prompt], Answer],
        *,
        window_tokens: int | None = None,
        reasoning_efforts: tuple[str, ...] = (),
        sees_pictures: bool = False,
        prepare_after_ms: int = FRAME_MS,
        forget: Callable[[str], None] = lambda _session_id: None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Make one.

        Args:
            answer: what is written, given the prompt.
            window_tokens: as the interface says.
            reasoning_efforts: as the interface says.
            sees_pictures: as the interface says.
            prepare_after_ms: as the interface says.
            forget: told the id of every session that is released.
            sleep: how time passes.
        """
        self.window_tokens = window_tokens
        self.reasoning_efforts = reasoning_efforts
        self.sees_pictures = sees_pictures
        self.prepare_after_ms = prepare_after_ms
        self._answer = answer
        self._forget = forget
        self._sleep = sleep
        self.asked: deque[Asked[Prompt]] = deque(maxlen=N_KEPT)
        self.prefilled: deque[Prompt] = deque(maxlen=N_KEPT)
        self.released: deque[str] = deque(maxlen=N_KEPT)

    async def generate(self, prompt: Prompt) -> Stream[ModelEvent]:
        """Write the text, make the calls, end; cut at `max_output_tokens` words of text."""
        answer = self._answer(prompt)
        with recorded(self.asked, prompt):
            timeline = Timeline(self._sleep, answer.fault)
            await timeline.spend(answer.first_token_s)
            for number, word in enumerate(_within(answer, prompt)):
                await timeline.spend(answer.token_s if number else 0.0)
                yield TextDelta(word)
            for event in _call_events(answer):
                yield event
            await timeline.finish()
            yield _finished(answer, prompt)

    async def prefill(self, prompt: Prompt) -> None:
        """Note it down."""
        self.prefilled.append(prompt)

    async def count_tokens(self, texts: list[str]) -> list[int]:
        """Count words."""
        return [len(tokens(text)) for text in texts]

    def check_tool(self, tool: Tool) -> None:
        """Accept it."""

    def release(self, session_id: str) -> None:
        """Note it down."""
        self.released.append(session_id)
        self._forget(session_id)


class ScriptedSynthesizer:
    """Speaks in tones, or in silence."""

    def __init__(
        self,
        voice: Voice | None = None,
        *,
        voices: tuple[str, ...] = (),
        first_audio_s: float = 0.0,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.voices = voices
        self.languages: tuple[str, ...] = ()
        self.custom_voices = False
        self._voice = voice or Voice()
        self._first_audio_s = first_audio_s
        self._sleep = sleep
        self.asked: deque[Asked[str]] = deque(maxlen=N_KEPT)

    async def synthesize(self, text: str, voice: str, speed: float) -> Stream[Pcm]:
        """Speak the words, in pieces of at most 100 ms."""
        with recorded(self.asked, text):
            await self._sleep(self._first_audio_s)
            for piece in _pieces(speech(text, self._voice, speed)):
                yield Pcm(piece)


class ScriptedResponder:
    """Makes whole answers, text and sound, clause by clause."""

    def __init__(
        self,
        answer: Callable[[Prompt], Answer],
        voice: Voice | None = None,
        *,
        prepare_after_ms: int = FRAME_MS,
        hears_audio: bool = False,
        sees_pictures: bool = False,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Make one.

        Args:
            answer: what is answered, given the prompt.
            voice: how it sounds.
            prepare_after_ms: as the interface says.
            hears_audio: as the interface says.
            sees_pictures: as the interface says.
            sleep: how time passes.
        """
        self.prepare_after_ms = prepare_after_ms
        self.hears_audio = hears_audio
        self.sees_pictures = sees_pictures
        self._answer = answer
        self._voice = voice or Voice()
        self._sleep = sleep
        self.asked: deque[Asked[ResponseRequest]] = deque(maxlen=N_KEPT)

    async def respond(self, request: ResponseRequest) -> Stream[ResponseEvent]:
        """Speak or write the text, make the calls, end."""
        answer = self._answer(request.prompt)
        with recorded(self.asked, request):
            timeline = Timeline(self._sleep, answer.fault)
            await timeline.spend(answer.first_token_s)
            said = self._say(answer, request, timeline)
            async with aclosing(said) as events:
                async for event in events:
                    yield event
            for call in _call_events(answer):
                yield call
            await timeline.finish()
            yield _finished(answer, request.prompt)

    async def _say(
        self, answer: Answer, request: ResponseRequest, timeline: Timeline
    ) -> Stream[ResponseEvent]:
        words = _within(answer, request.prompt)
        if request.modality == "text":
            for number, word in enumerate(words):
                await timeline.spend(answer.token_s if number else 0.0)
                yield TextDelta(word)
            return
        for number, clause in enumerate(clauses("".join(words))):
            n_words = len(tokens(clause))
            await timeline.spend(answer.token_s * (n_words if number else n_words - 1))
            yield TextDelta(clause, n_words)
            await timeline.spend(0.0 if number else answer.first_audio_s)
            for piece in _pieces(speech(clause, self._voice, request.speed)):
                yield AudioDelta(piece)


def _within(answer: Answer, prompt: Prompt) -> list[str]:
    return tokens(answer.text)[: prompt.max_output_tokens]


def _finished(answer: Answer, prompt: Prompt) -> Finished:
    is_cut = len(_within(answer, prompt)) < len(tokens(answer.text))
    return Finished("max_output_tokens" if is_cut else "stop")


def _call_events(
    answer: Answer,
) -> Iterator[ToolCallStarted | ToolCallDelta | ToolCallFinished]:
    for call in answer.calls:
        yield ToolCallStarted(call.name)
        for piece in _halves(call):
            yield ToolCallDelta(piece)
        yield ToolCallFinished()


def _halves(call: Call) -> tuple[str, str]:
    """Cut in two, so that nobody counts on arguments that come in one piece."""
    middle = len(call.arguments) // 2
    return call.arguments[:middle], call.arguments[middle:]


def _pieces(sound: bytes) -> Iterator[bytes]:
    step = DELTA_MS * BYTES_PER_MS
    return (sound[start : start + step] for start in range(0, len(sound), step))
