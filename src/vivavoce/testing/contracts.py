"""What every engine must keep, as checks that anybody can run on theirs.

Each `check_...` raises `ContractBroken` with a sentence. They use the engine only through its
interface. The promises are those of `vivavoce.interfaces`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from itertools import cycle
from typing import TypeVar

from msgspec import Struct

from vivavoce.interfaces import (
    FRAME_MS,
    AudioDelta,
    AudioOrPause,
    LanguageModel,
    Prompt,
    Responder,
    ResponseRequest,
    SpeechDetector,
    SpeechPaused,
    SpeechResumed,
    Stream,
    Synthesizer,
    Transcriber,
    TranscriptionEvent,
    TranscriptionHints,
    TranscriptSoFar,
    TurnJudge,
)
from vivavoce.media.pcm import BYTES_PER_MS, Pcm, silence
from vivavoce.testing.contract_rules import (
    ContractBroken,
    check_hints_kept,
    check_model_events,
    check_not_mixed,
    check_sound,
    check_transcription_events,
    check_words_before_sound,
    hints_within,
    require,
    text_of,
)
from vivavoce.testing.loop_watch import LoopWatch

__all__ = [
    "ContractBroken",
    "PromptSample",
    "SpokenSample",
    "check_language_model",
    "check_responder",
    "check_speech_detector",
    "check_synthesizer",
    "check_transcriber",
    "check_turn_judge",
]

T = TypeVar("T")

MAX_BLOCK_MS = 50.0
"""For so long an engine may keep the event loop to itself, a collection of garbage by the
interpreter included."""
CLOSE_S = 0.1
"""An engine is free this long after it was closed, or after one piece of prefill."""
N_TRIES = 3
"""The best of them counts: a busy machine delays one, an engine that keeps working all."""
PIECE_MS = 40
"""Length of the pieces in which clients send audio."""
PATIENCE_S = 30.0
"""A slow model on a busy machine, and still no test that never ends."""
BEFORE_CANCEL_S = 0.02
"""So that the work has begun."""
NO_HINTS = TranscriptionHints()
LENGTHS_MS = (1, 20, 31, 32, 33, 200, 500)
"""Cuts of the audio for detectors: less than a frame, more, neither."""


class SpokenSample(Struct, frozen=True):
    """Speech, and a word that its transcript holds and no other sample's."""

    sound: Pcm
    word: str


class PromptSample(Struct, frozen=True):
    """A prompt, and a word that its answer holds and no other sample's."""

    prompt: Prompt
    word: str


async def check_transcriber(
    transcriber: Transcriber, samples: tuple[SpokenSample, SpokenSample]
) -> None:
    """Check deltas, the one transcript at the end, pauses, closing, two turns at once, and hints.

    Raises:
        ContractBroken: with the promise that is not kept.
    """
    first, second = samples
    async with LoopWatch() as loop:
        events = await _all(_transcribe(transcriber, first.sound))
        check_transcription_events(events)
        await _check_pause(transcriber, first)
        await _check_resumption(transcriber, first)
        pause, never = (SpeechPaused(),), asyncio.Event()
        await _check_closing(lambda: _transcribe(transcriber, first.sound, pause, until=never))
        together = await _together(
            _all(_transcribe(transcriber, first.sound)),
            _all(_transcribe(transcriber, second.sound)),
        )
        hints = hints_within(transcriber.abilities)
        check_hints_kept(await _all(_transcribe(transcriber, first.sound, hints=hints)), hints)
    check_not_mixed([text_of(found) for found in together], [first.word, second.word])
    _check_loop(loop)


async def check_language_model(
    language_model: LanguageModel, samples: tuple[PromptSample, PromptSample]
) -> None:
    """Check the order of events, the one end, counting, closing, and two answers at once.

    Raises:
        ContractBroken: with the promise that is not kept.
    """
    first, second = samples
    async with LoopWatch() as loop:
        check_model_events(await _all(language_model.generate(first.prompt)))
        await _check_closing(lambda: language_model.generate(first.prompt))
        await language_model.prefill(second.prompt)
        counts = await language_model.count_tokens(["", "one", "one two three four five"])
        together = await _together(
            _all(language_model.generate(first.prompt)),
            _all(language_model.generate(second.prompt)),
        )
        for sample in samples:
            language_model.release(sample.prompt.session_id)
    require(
        len(counts) == 3 and counts[0] == 0 < counts[1] < counts[2],
        f"Longer texts count more tokens, and none counts none; it said {counts}.",
    )
    check_not_mixed([text_of(events) for events in together], [first.word, second.word])
    _check_loop(loop)


async def check_synthesizer(
    synthesizer: Synthesizer, texts: tuple[str, str], voice: str = "alloy"
) -> None:
    """Check rate, whole samples, speed, closing, and two texts at once.

    Args:
        synthesizer: the engine.
        texts: of clearly different lengths; the first a few sentences, so that it can be cut.
        voice: one that it has.

    Raises:
        ContractBroken: with the promise that is not kept.
    """
    async with LoopWatch() as loop:
        alone = [check_sound(await _all(synthesizer.synthesize(t, voice, 1.0))) for t in texts]
        fast = check_sound(await _all(synthesizer.synthesize(texts[0], voice, 1.5)))
        await _check_closing(lambda: synthesizer.synthesize(texts[0], voice, 1.0))
        together = await _together(
            *(_all(synthesizer.synthesize(text, voice, 1.0)) for text in texts)
        )
    require(0 < fast < alone[0], "At speed 1.5 speech is shorter than at 1.")
    for length_ms, pieces in zip(alone, together, strict=True):
        require(
            abs(check_sound(pieces) - length_ms) <= 0.25 * length_ms,
            "Two texts at once are each as long as alone: the sounds are mixed up.",
        )
    _check_loop(loop)


async def check_responder(responder: Responder, samples: tuple[PromptSample, PromptSample]) -> None:
    """Check spoken and written answers, the order of words and sound, closing, two at once.

    Raises:
        ContractBroken: with the promise that is not kept.
    """
    spoken, other = (
        ResponseRequest(response_id=f"resp_{number}", prompt=sample.prompt)
        for number, sample in enumerate(samples)
    )
    written = ResponseRequest(response_id="resp_2", prompt=samples[0].prompt, modality="text")
    async with LoopWatch() as loop:
        events = await _all(responder.respond(written))
        check_model_events(events)
        await _check_closing(lambda: responder.respond(spoken))
        together = await _together(_all(responder.respond(spoken)), _all(responder.respond(other)))
    require(
        not any(isinstance(event, AudioDelta) for event in events),
        "A written answer has no sound.",
    )
    for events in together:
        check_model_events(events)
        check_words_before_sound(events)
    check_not_mixed([text_of(events) for events in together], [each.word for each in samples])
    _check_loop(loop)


async def check_turn_judge(turn_judge: TurnJudge, sound: Pcm) -> None:
    """Check the verdict's range, its repetition, and two verdicts at once.

    Raises:
        ContractBroken: with the promise that is not kept.
    """
    async with LoopWatch() as loop:
        verdicts = await _together(turn_judge.judge(sound), turn_judge.judge(sound))
        verdicts.append(await turn_judge.judge(silence(0)))
    require(all(0 <= each <= 1 for each in verdicts), f"Not a probability: {verdicts}.")
    require(verdicts[0] == verdicts[1], "The same sound gets the same verdict.")
    _check_loop(loop)


async def check_speech_detector(
    new_speech_detector: Callable[[], SpeechDetector], sound: Pcm
) -> None:
    """Check one probability per frame, however the audio is cut, and two sessions at once.

    Raises:
        ContractBroken: with the promise that is not kept.
    """
    whole = new_speech_detector().push(sound)
    n_frames = len(sound.data) // (FRAME_MS * BYTES_PER_MS)
    require(len(whole) == n_frames, f"{n_frames} frames give {n_frames} probabilities.")
    require(all(0 <= each <= 1 for each in whole), "Not a probability.")
    cut, quiet = new_speech_detector(), new_speech_detector()
    found: list[float] = []
    async with LoopWatch() as loop:
        for piece in _cut(sound, LENGTHS_MS):
            found += cut.push(piece)
            quiet.push(silence(FRAME_MS))
            await asyncio.sleep(0)
    require(
        len(found) == len(whole)
        and all(abs(a - b) < 0.01 for a, b in zip(found, whole, strict=True)),
        "Neither the cuts of the audio nor another session changes the verdicts.",
    )
    _check_loop(loop)


async def _check_closing(open_stream: Callable[[], Stream[T]]) -> None:
    """Close a stream once it has begun, and cancel one that is waited for."""
    require(
        min([await _closing_s(open_stream) for _ in range(N_TRIES)]) <= CLOSE_S,
        f"A stream that is closed is free within {CLOSE_S * 1000:g} ms.",
    )
    require(
        min([await _cancelling_s(open_stream) for _ in range(N_TRIES)]) <= CLOSE_S,
        f"A stream that is cancelled is free within {CLOSE_S * 1000:g} ms.",
    )


async def _closing_s(open_stream: Callable[[], Stream[T]]) -> float:
    stream = open_stream()
    async with aclosing(stream):
        await anext(stream)
        before = time.perf_counter()
        await stream.aclose()
        return time.perf_counter() - before


async def _cancelling_s(open_stream: Callable[[], Stream[T]]) -> float:
    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(_all(open_stream()))
        await asyncio.sleep(BEFORE_CANCEL_S)
        before = time.perf_counter()
        reader.cancel()
        await asyncio.wait([reader])
        return time.perf_counter() - before


async def _check_pause(transcriber: Transcriber, sample: SpokenSample) -> None:
    is_covered = asyncio.Event()
    events: list[TranscriptionEvent] = []
    covering = ""
    try:
        async with asyncio.timeout(PATIENCE_S):
            stream = _transcribe(transcriber, sample.sound, (SpeechPaused(),), until=is_covered)
            async with aclosing(stream):
                async for event in stream:
                    events.append(event)
                    if isinstance(event, TranscriptSoFar) and event.covers_pause:
                        covering = event.text
                        is_covered.set()
    except TimeoutError:
        raise ContractBroken("A pause is answered with a TranscriptSoFar that covers it.") from None
    check_transcription_events(events)
    require(
        covering.strip() == text_of(events).strip(),
        "What covers the pause is the transcript, when nothing was said since.",
    )


async def _check_resumption(transcriber: Transcriber, sample: SpokenSample) -> None:
    marks = (SpeechPaused(), SpeechResumed())
    events = await _all(_transcribe(transcriber, sample.sound, marks, then=sample.sound))
    check_transcription_events(events)


def _transcribe(
    transcriber: Transcriber,
    sound: Pcm,
    marks: Sequence[SpeechPaused | SpeechResumed] = (),
    *,
    then: Pcm | None = None,
    until: asyncio.Event | None = None,
    hints: TranscriptionHints = NO_HINTS,
) -> Stream[TranscriptionEvent]:
    async def audio() -> AsyncIterator[AudioOrPause]:
        for piece in _cut(sound, (PIECE_MS,)):
            yield piece
            await asyncio.sleep(0)
        for mark in marks:
            yield mark
        if then is not None:
            yield then
        if until is not None:
            await until.wait()

    return transcriber.transcribe(audio(), hints)


async def _all(stream: Stream[T]) -> list[T]:
    async with aclosing(stream) as things:
        return [thing async for thing in things]


async def _together(*works: Awaitable[T]) -> list[T]:
    return list(await asyncio.gather(*works))


def _check_loop(loop: LoopWatch) -> None:
    require(
        loop.longest_ms <= MAX_BLOCK_MS,
        f"The loop is never held up for more than {MAX_BLOCK_MS:g} ms; "
        f"it was for {loop.longest_ms:.1f} ms.",
    )


def _cut(sound: Pcm, lengths_ms: Sequence[int]) -> Iterator[Pcm]:
    lengths = cycle(lengths_ms)
    place = 0
    while place < len(sound.data):
        size = next(lengths) * BYTES_PER_MS
        yield Pcm(sound.data[place : place + size])
        place += size
