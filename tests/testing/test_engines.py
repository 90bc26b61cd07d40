import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Literal

import pytest

from vivavoce.errors import EngineError, TransportClosed
from vivavoce.interfaces import (
    AudioDelta,
    AudioOrPause,
    Finished,
    Prompt,
    PromptMessage,
    ResponseRequest,
    SpeechPaused,
    SpeechResumed,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
    Transcript,
    TranscriptDelta,
    TranscriptionHints,
    TranscriptSoFar,
)
from vivavoce.media.pcm import Pcm, silence
from vivavoce.testing.engines import (
    Answer,
    Call,
    Fault,
    Heard,
    ScriptedLanguageModel,
    ScriptedResponder,
    ScriptedSpeechDetector,
    ScriptedSynthesizer,
    ScriptedTranscriber,
    ScriptedTurnJudge,
    Voice,
    one_after_another,
    scripted_engines,
)
from vivavoce.testing.script import clauses, speech, tokens

PROMPT = Prompt(session_id="sess_1", items=(PromptMessage("user", "Hi."),))


class Sleeps:
    """Time that passes at once, and is noted down."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)

    @property
    def total_s(self) -> float:
        return round(sum(self.seconds), 6)


async def audio(*entries: AudioOrPause) -> AsyncIterator[AudioOrPause]:
    for entry in entries:
        yield entry


def request(modality: Literal["text", "audio"] = "audio") -> ResponseRequest:
    return ResponseRequest(response_id="resp_1", prompt=PROMPT, modality=modality)


def test_loud_frames_are_speech_and_quiet_ones_are_not() -> None:
    detector = ScriptedSpeechDetector()
    loud = Pcm((1000).to_bytes(2, "little", signed=True) * 768)

    assert detector.push(loud) == [1.0]
    assert detector.push(silence(64)) == [0.0, 0.0]


def test_a_frame_is_judged_when_it_is_complete() -> None:
    detector = ScriptedSpeechDetector()

    assert detector.push(silence(31)) == []
    assert detector.push(silence(1)) == [0.0]


async def test_a_transcriber_hears_one_turn_after_another() -> None:
    hear = one_after_another([Heard(text="One."), Heard(text="Two.")])
    transcriber = ScriptedTranscriber(hear)

    texts = [
        event
        for _ in range(3)
        async for event in transcriber.transcribe(audio(silence(40)), TranscriptionHints())
    ]

    assert texts == [Transcript("One."), Transcript("Two."), Transcript("Two.")]


async def test_partials_are_spread_over_the_audio() -> None:
    heard = Heard(text="One two three.", partials=("One", "One two"))
    transcriber = ScriptedTranscriber(lambda _number: heard)

    events = [
        event
        async for event in transcriber.transcribe(
            audio(silence(600), silence(500), SpeechPaused()), TranscriptionHints()
        )
    ]

    assert events == [
        TranscriptDelta("One"),
        TranscriptDelta(" two"),
        TranscriptSoFar("One two three.", covers_pause=True),
        Transcript("One two three."),
    ]


async def test_what_was_known_at_the_pause_costs_no_time_at_the_end() -> None:
    sleeps = Sleeps()
    transcriber = ScriptedTranscriber(lambda _: Heard(text="Yes.", transcript_s=0.25), sleep=sleeps)

    entries = audio(SpeechPaused(), SpeechResumed(), SpeechPaused())
    _ = [event async for event in transcriber.transcribe(entries, TranscriptionHints())]

    assert sleeps.seconds == [0.25, 0.25]


async def test_a_transcription_that_is_given_up_is_not_counted() -> None:
    numbers: list[int] = []

    def hear(number: int) -> Heard:
        numbers.append(number)
        return Heard(text="Yes.")

    transcriber = ScriptedTranscriber(hear)
    async with aclosing(
        transcriber.transcribe(audio(SpeechPaused(), silence(10)), TranscriptionHints())
    ) as events:
        await anext(events)
    _ = [event async for event in transcriber.transcribe(audio(), TranscriptionHints())]

    assert numbers == [1, 1]
    assert [asked.ended for asked in transcriber.asked] == ["closed", "finished"]


async def test_a_language_model_writes_words_and_calls() -> None:
    answer = Answer(text="Just a moment.", calls=(Call("look", '{"a":1}'),))
    language_model = ScriptedLanguageModel(lambda _: answer)

    events = [event async for event in language_model.generate(PROMPT)]

    assert events == [
        TextDelta("Just "),
        TextDelta("a "),
        TextDelta("moment."),
        ToolCallStarted("look"),
        ToolCallDelta('{"a'),
        ToolCallDelta('":1}'),
        ToolCallFinished(),
        Finished("stop"),
    ]


async def test_an_answer_is_cut_at_the_limit_of_tokens() -> None:
    language_model = ScriptedLanguageModel(lambda _: Answer(text="one two three"))
    prompt = Prompt(session_id="sess_1", max_output_tokens=2)

    events = [event async for event in language_model.generate(prompt)]

    assert events == [TextDelta("one "), TextDelta("two "), Finished("max_output_tokens")]


async def test_the_delays_of_an_answer_are_those_of_the_script() -> None:
    sleeps = Sleeps()
    answer = Answer(text="One two. Three four.", first_token_s=1, token_s=0.1, first_audio_s=2)
    responder = ScriptedResponder(lambda _: answer, sleep=sleeps)

    _ = [event async for event in responder.respond(request())]

    assert sleeps.seconds == [1, 0.1, 2, 0.2]


async def test_words_come_right_before_their_sound() -> None:
    responder = ScriptedResponder(lambda _: Answer(text="One two. Three."), Voice(word_ms=100))

    events = [event async for event in responder.respond(request())]

    kinds = [type(event) for event in events]
    assert kinds == [TextDelta, AudioDelta, AudioDelta, TextDelta, AudioDelta, Finished]


async def test_a_written_answer_has_no_sound() -> None:
    responder = ScriptedResponder(lambda _: Answer(text="One two."))

    events = [event async for event in responder.respond(request("text"))]

    assert events == [TextDelta("One "), TextDelta("two."), Finished("stop")]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(kind="fail", after_s=0.25), EngineError),
        (Fault(kind="drop_connection", after_s=0.25), TransportClosed),
    ],
)
async def test_a_fault_comes_at_its_time(fault: Fault, error: type[Exception]) -> None:
    sleeps = Sleeps()
    answer = Answer(text="one two three four", token_s=0.1, fault=fault)
    language_model = ScriptedLanguageModel(lambda _: answer, sleep=sleeps)
    stream = language_model.generate(PROMPT)

    assert [await anext(stream) for _ in range(3)] == [
        TextDelta("one "),
        TextDelta("two "),
        TextDelta("three "),
    ]
    with pytest.raises(error):
        await anext(stream)

    assert sleeps.total_s == 0.25
    assert language_model.asked[0].ended == "failed"


async def test_a_fault_that_is_late_comes_before_the_end() -> None:
    sleeps = Sleeps()
    answer = Answer(text="Hi.", fault=Fault(kind="fail", after_s=3))
    language_model = ScriptedLanguageModel(lambda _: answer, sleep=sleeps)

    with pytest.raises(EngineError):
        _ = [event async for event in language_model.generate(PROMPT)]

    assert sleeps.total_s == 3


async def test_a_stalled_engine_can_be_cancelled() -> None:
    responder = ScriptedResponder(lambda _: Answer(fault=Fault(kind="stall")))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            _ = [event async for event in responder.respond(request())]

    assert responder.asked[0].ended == "closed"


async def test_a_synthesizer_speaks_longer_texts_longer() -> None:
    synthesizer = ScriptedSynthesizer(Voice(word_ms=200))

    lengths_ms = [
        sum([pcm.duration_ms async for pcm in synthesizer.synthesize(text, "alloy", speed)])
        for text, speed in [("one", 1.0), ("one two three", 1.0), ("one two three", 0.5)]
    ]

    assert lengths_ms == [200, 600, 1200]


async def test_a_turn_judge_gives_its_verdicts_in_order() -> None:
    turn_judge = ScriptedTurnJudge([0.2, 0.9])

    assert [await turn_judge.judge(silence(10)) for _ in range(3)] == [0.2, 0.9, 0.9]


async def test_releasing_a_session_starts_its_turns_again() -> None:
    engines = scripted_engines(hear=lambda number: Heard(text=str(number)))
    for _ in range(2):
        stream = engines.transcriber.transcribe(audio(), TranscriptionHints())
        last = [event async for event in stream][-1]

    assert last == Transcript("2")
    engines.language_model.release("-")
    stream = engines.transcriber.transcribe(audio(), TranscriptionHints())
    assert [event async for event in stream] == [Transcript("1")]


async def test_a_scripted_model_counts_words() -> None:
    engines = scripted_engines()

    assert await engines.language_model.count_tokens(["", "one two"]) == [0, 2]


def test_pieces_of_a_text_joined_are_the_text() -> None:
    text = "Well, yes. No\nand 3.5 percent: fine"

    assert "".join(tokens(text)) == text
    assert clauses(text) == ["Well, ", "yes. ", "No\nand 3.5 percent: ", "fine"]


def test_the_same_words_sound_the_same() -> None:
    voice = Voice()

    assert speech("yes no", voice) == speech("yes", voice) + speech("no", voice)
    assert speech("yes", voice) != speech("no", voice)
    assert speech("yes", Voice(sound="silence")) == bytes(len(speech("yes", voice)))
