"""The checks find what they are there to find."""

import asyncio
import time

import numpy as np
import pytest

from vivavoce.errors import EngineError
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    ModelEvent,
    Prompt,
    PromptMessage,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
)
from vivavoce.media.pcm import Pcm, silence
from vivavoce.testing import contract_rules
from vivavoce.testing.contracts import (
    ContractBroken,
    PromptSample,
    check_language_model,
    check_responder,
    check_speech_detector,
    check_turn_judge,
)
from vivavoce.testing.engines import (
    Answer,
    ScriptedLanguageModel,
    ScriptedTurnJudge,
)
from vivavoce.testing.loop_watch import LoopWatch

SAMPLES = (
    PromptSample(Prompt(session_id="a", items=(PromptMessage("user", "one"),)), "one"),
    PromptSample(Prompt(session_id="b", items=(PromptMessage("user", "two"),)), "two"),
)
END = Finished()


@pytest.mark.parametrize(
    "events",
    [
        [TextDelta("x")],
        [END, TextDelta("x")],
        [END, END],
        [ToolCallStarted("a"), END],
        [ToolCallDelta("{}"), END],
        [ToolCallFinished(), END],
        [ToolCallStarted("a"), TextDelta("x"), ToolCallFinished(), END],
        [ToolCallStarted("a"), ToolCallStarted("b"), ToolCallFinished(), END],
    ],
)
def test_events_out_of_order_break_the_contract(events: list[ModelEvent]) -> None:
    with pytest.raises(ContractBroken):
        contract_rules.check_model_events(events)


def test_a_call_may_be_cut_by_the_limit_of_tokens() -> None:
    cut: list[ModelEvent] = [
        ToolCallStarted("a"),
        ToolCallDelta("{"),
        Finished("max_output_tokens"),
    ]

    contract_rules.check_model_events(cut)


@pytest.mark.parametrize(
    "events",
    [
        [],
        [TranscriptDelta("x")],
        [Transcript("x"), Transcript("x")],
        [TranscriptDelta("y"), Transcript("x")],
    ],
)
def test_transcriptions_out_of_order_break_the_contract(events: list[TranscriptionEvent]) -> None:
    with pytest.raises(ContractBroken):
        contract_rules.check_transcription_events(events)


@pytest.mark.parametrize(
    "events", [[TextDelta("x"), END], [AudioDelta(b"ab"), TextDelta("x"), END]]
)
def test_sound_without_words_before_it_breaks_the_contract(events: list[ResponseEvent]) -> None:
    with pytest.raises(ContractBroken):
        contract_rules.check_words_before_sound(events)


@pytest.mark.parametrize("piece", [Pcm(b"abc"), Pcm(b"ab", 16_000)])
def test_wrong_sound_breaks_the_contract(piece: Pcm) -> None:
    with pytest.raises(ContractBroken):
        contract_rules.check_sound([piece])


async def test_answers_that_are_mixed_up_break_the_contract() -> None:
    same = ScriptedLanguageModel(lambda _: Answer(text="one two"))

    with pytest.raises(ContractBroken, match="do not mix"):
        await check_language_model(same, SAMPLES)


async def test_an_engine_that_blocks_the_loop_breaks_the_contract() -> None:
    def think(prompt: Prompt) -> Answer:
        until = time.thread_time() + 0.08
        while time.thread_time() < until:
            np.ones(1000).sum()
        return Answer(text=str(prompt.items[0]))

    with pytest.raises(ContractBroken, match="held up"):
        await check_language_model(ScriptedLanguageModel(think), SAMPLES)


async def test_an_engine_that_does_not_end_when_closed_breaks_the_contract() -> None:
    with pytest.raises(ContractBroken, match="100 ms"):
        await check_responder(SlowToClose(), SAMPLES)


class SlowToClose:
    """Answers well, and takes its time to go."""

    prepare_after_ms = 32
    hears_audio = False
    sees_pictures = False

    async def respond(self, request: ResponseRequest) -> Stream[ResponseEvent]:
        try:
            yield TextDelta(str(request.prompt.items[0]))
            if request.modality == "audio":
                yield AudioDelta(b"ab")
            yield Finished()
        except GeneratorExit:
            await asyncio.sleep(0.11)
            raise


async def test_a_verdict_that_is_no_probability_breaks_the_contract() -> None:
    with pytest.raises(ContractBroken, match="probability"):
        await check_turn_judge(ScriptedTurnJudge([2.0]), silence(100))


async def test_verdicts_that_change_with_the_cuts_break_the_contract() -> None:
    loud = Pcm(np.full(24_000, 5000, "<i2").tobytes())

    with pytest.raises(ContractBroken):
        await check_speech_detector(Hasty, loud)


class Hasty:
    """Judges what it is given, complete or not."""

    def push(self, audio: Pcm) -> list[float]:
        return [1.0] * max(1, len(audio.data) // 1536)


async def test_the_loop_watch_lets_errors_through_as_they_are() -> None:
    with pytest.raises(EngineError):
        async with LoopWatch():
            raise EngineError("so")


async def test_the_loop_watch_sees_work_and_not_waiting() -> None:
    async with LoopWatch() as quiet:
        time.sleep(0.02)  # noqa: ASYNC251 - somebody else has the core

    assert quiet.longest_ms < 10
