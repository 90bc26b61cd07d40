import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Self

import pytest

from vivavoce.engines.transcribers.whisper import WhisperTranscriber, open_engine
from vivavoce.engines.transcribers.whisper_orders import Answer, Cut, HeardWord, Order
from vivavoce.errors import ConfigError, EngineError
from vivavoce.interfaces import (
    AudioOrPause,
    Delay,
    SpeechPaused,
    SpeechResumed,
    TokenLogprob,
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
    TranscriptionHints,
    TranscriptSoFar,
)
from vivavoce.media.pcm import silence

HALF_A_SECOND = silence(500)


class Speaker:
    """Audio that a test puts in as it likes."""

    def __init__(self, *entries: AudioOrPause | None) -> None:
        self._entries: asyncio.Queue[AudioOrPause | None] = asyncio.Queue()
        self.put(*entries)

    def put(self, *entries: AudioOrPause | None) -> None:
        for entry in entries:
            self._entries.put_nowait(entry)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AudioOrPause:
        entry = await self._entries.get()
        if entry is None:
            raise StopAsyncIteration
        return entry


class Model:
    """Hears two words in each second, numbers, and holds its answers until it may give them."""

    def __init__(self, *, n_seconds_in_a_cut: float | None = None) -> None:
        self.orders: list[Order] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked = asyncio.Condition()
        self._n_seconds_in_a_cut = n_seconds_in_a_cut
        self._n_dropped = 0

    async def recognise(self, order: Order) -> Answer:
        async with self.asked:
            self.orders.append(order)
            self.asked.notify_all()
        await self.may_answer.wait()
        seconds = len(order.audio) / 48_000
        first = self._n_dropped
        words = tuple(_word(f" {number}") for number in range(first, first + int(2 * seconds)))
        return Answer(
            words=words,
            language="fr",
            language_is_sure=True,
            run_ms=10,
            cut=self._cut(order),
        )

    async def asked_times(self, count: int) -> None:
        async with self.asked:
            await self.asked.wait_for(lambda: len(self.orders) >= count)

    def _cut(self, order: Order) -> Cut | None:
        at_s = self._n_seconds_in_a_cut
        if order.cut_within is None or at_s is None or order.cut_within < 2 * at_s:
            return None
        self._n_dropped += int(2 * at_s)
        return Cut(int(2 * at_s), at_s)


def _word(text: str) -> HeardWord:
    return HeardWord(text, ((text, -0.5),))


async def _all(events: AsyncGenerator[TranscriptionEvent, None]) -> list[TranscriptionEvent]:
    async with asyncio.timeout(10), aclosing(events):
        return [event async for event in events]


def _transcribe(
    model: Model, audio: AsyncIterator[AudioOrPause]
) -> AsyncGenerator[TranscriptionEvent, None]:
    return WhisperTranscriber(model.recognise).transcribe(audio, TranscriptionHints())


async def _step(events: AsyncGenerator[TranscriptionEvent, None]) -> TranscriptionEvent:
    async with asyncio.timeout(10):
        return await anext(events)


async def test_nothing_heard_is_an_empty_transcript() -> None:
    model = Model()

    assert await _all(_transcribe(model, Speaker(None))) == [Transcript("")]
    assert model.orders == []


async def test_all_audio_at_once_takes_one_run() -> None:
    events = await _all(_transcribe(Model(), Speaker(silence(1_500), None)))

    logprobs = tuple(TokenLogprob(f" {number}", -0.5) for number in range(3))
    assert events == [Transcript("0 1 2", "fr", logprobs)]


async def test_each_half_second_gives_a_partial_text_and_what_two_agree_on() -> None:
    speaker, model = Speaker(silence(1_000)), Model()
    async with aclosing(_transcribe(model, speaker)) as events:
        assert await _step(events) == TranscriptSoFar("0 1")
        speaker.put(HALF_A_SECOND)
        assert await _step(events) == TranscriptDelta("0 1")
        assert await _step(events) == TranscriptSoFar("0 1 2")
        speaker.put(HALF_A_SECOND)
        assert await _step(events) == TranscriptDelta(" 2")


async def test_a_pause_is_covered_and_its_text_is_the_transcript() -> None:
    model, speaker = Model(), Speaker(silence(200), SpeechPaused())
    async with aclosing(_transcribe(model, speaker)) as events:
        speaker.put(silence(900), SpeechPaused())
        covering = await _step(events)
        speaker.put(HALF_A_SECOND, None)
        last = await _step(events)

    assert covering == TranscriptSoFar("0 1", covers_pause=True)
    assert isinstance(last, Transcript)
    assert last.text == "0 1"
    assert len(model.orders) == 1


async def test_the_end_waits_for_the_run_that_covers_the_pause() -> None:
    model, speaker = Model(), Speaker(silence(1_000), SpeechPaused())
    model.may_answer.clear()
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(_all(_transcribe(model, speaker)))
        await model.asked_times(1)
        speaker.put(HALF_A_SECOND, None)
        model.may_answer.set()

    events = await reading
    assert [type(event) for event in events] == [TranscriptSoFar, Transcript]
    assert len(model.orders) == 1


async def test_speech_after_a_pause_makes_its_text_void() -> None:
    model, speaker = Model(), Speaker(silence(1_000), SpeechPaused())
    async with aclosing(_transcribe(model, speaker)) as events:
        await _step(events)
        speaker.put(SpeechResumed(), silence(400), silence(200), None)
        rest = [event async for event in events]

    assert isinstance(rest[-1], Transcript)
    assert rest[-1].text == "0 1 2"


async def test_an_answer_that_comes_after_the_speaker_went_on_covers_no_pause() -> None:
    model, speaker = Model(), Speaker(silence(1_000), SpeechPaused())
    model.may_answer.clear()
    async with aclosing(_transcribe(model, speaker)) as events, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(_step(events))
        await model.asked_times(1)
        speaker.put(SpeechResumed())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        model.may_answer.set()
        assert await first == TranscriptSoFar("0 1", covers_pause=False)


async def test_a_pause_goes_before_the_partial_runs_of_others() -> None:
    model = Model()
    transcriber = WhisperTranscriber(model.recognise)
    model.may_answer.clear()
    speakers = [Speaker(silence(500 + 100 * number)) for number in range(3)]
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        for speaker in speakers:
            turn = transcriber.transcribe(speaker, TranscriptionHints())
            tasks.create_task(_all(turn))
            await asyncio.sleep(0)
        await model.asked_times(1)
        speakers[2].put(SpeechPaused())
        for _ in range(5):
            await asyncio.sleep(0)
        model.may_answer.set()
        await model.asked_times(3)
        for speaker in speakers:
            speaker.put(None)

    lengths_ms = [len(order.audio) / 48 for order in model.orders]
    assert lengths_ms[:3] == [500, 700, 600]


async def test_closing_while_a_run_is_under_way_lets_the_next_session_go_on() -> None:
    model = Model()
    transcriber = WhisperTranscriber(model.recognise)
    model.may_answer.clear()
    async with asyncio.TaskGroup() as tasks:
        turn = transcriber.transcribe(Speaker(silence(1_000)), TranscriptionHints())
        closed = tasks.create_task(_all(turn))
        await model.asked_times(1)
        closed.cancel()
    model.may_answer.set()

    events = await _all(transcriber.transcribe(Speaker(silence(500), None), TranscriptionHints()))

    assert isinstance(events[-1], Transcript)


async def test_settled_words_of_a_long_turn_are_not_heard_again() -> None:
    model, speaker = Model(n_seconds_in_a_cut=4), Speaker(HALF_A_SECOND)
    deltas = []
    async with aclosing(_transcribe(model, speaker)) as events:
        for _ in range(60):
            while not isinstance(event := await _step(events), TranscriptSoFar):
                deltas.append(event)
            speaker.put(HALF_A_SECOND)
        speaker.put(None)
        last = [event async for event in events][-1]

    assert max(len(order.audio) for order in model.orders) <= 9_000 * 48
    assert isinstance(last, Transcript)
    assert last.text == " ".join(str(number) for number in range(61))
    assert last.text.startswith("".join(d.text for d in deltas if isinstance(d, TranscriptDelta)))
    assert len(last.logprobs) == 61


async def test_a_long_recording_is_heard_in_parts_of_20_seconds() -> None:
    model = Model(n_seconds_in_a_cut=15)

    events = await _all(_transcribe(model, Speaker(silence(61_000), None)))

    lengths_s = [len(order.audio) / 48_000 for order in model.orders]
    assert lengths_s == [20, 20, 20, 16]
    assert isinstance(events[-1], Transcript)
    assert events[-1].text == " ".join(str(number) for number in range(122))


async def test_a_part_without_a_place_to_cut_is_dropped_whole() -> None:
    model = Model()

    await _all(_transcribe(model, Speaker(silence(50_000), None)))

    assert [len(order.audio) / 48_000 for order in model.orders] == [20, 20, 10]


async def test_a_detected_language_is_kept_once_enough_was_heard() -> None:
    model, speaker = Model(), Speaker(silence(500))
    async with aclosing(_transcribe(model, speaker)) as events:
        for sound in (silence(2_000), silence(1_000), None):
            while not isinstance(await _step(events), TranscriptSoFar):
                pass
            speaker.put(sound)
        async for _ in events:
            pass

    assert [order.language for order in model.orders] == [None, None, "fr", "fr"]


@pytest.mark.parametrize(("hint", "asked"), [("de", "de"), ("pt-BR", "pt"), (None, "it")])
async def test_the_client_says_the_language_or_else_the_operator(
    hint: str | None, asked: str
) -> None:
    model = Model()
    transcriber = WhisperTranscriber(model.recognise, "it")
    hints = TranscriptionHints(language=hint, prompt="Names: Vivavoce.")

    await _all(transcriber.transcribe(Speaker(silence(500), None), hints))

    assert model.orders[0].language == asked
    assert model.orders[0].about == "Names: Vivavoce."


async def test_an_error_of_the_engine_comes_out_as_it_is() -> None:
    async def fail(_: Order) -> Answer:
        raise EngineError("the whisper worker died", code="engine_died")

    turn = WhisperTranscriber(fail).transcribe(Speaker(silence(500)), TranscriptionHints())

    with pytest.raises(EngineError, match="died"):
        await _all(turn)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "model_dir: this setting is needed"),
        ({"model_dir": "x", "beam": 5}, "beam: there is no such setting"),
        ({"model_dir": "x", "threads": 0}, "threads: Expected"),
        ({"model_dir": "no/such"}, "there is no Whisper model in no/such: it lacks model.bin"),
    ],
)
async def test_settings_that_cannot_be_used_are_refused(
    settings: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        async with open_engine(settings):
            pass


@pytest.mark.parametrize(
    ("delay", "lengths_ms"),
    [
        (None, [500, 900, 1_300]),
        ("minimal", [500, 800, 1_100]),
        ("medium", [500, 900, 1_300]),
        ("xhigh", [1_000, 2_000, 3_000]),
    ],
)
async def test_the_delay_says_how_often_the_speech_is_recognised(
    delay: Delay | None, lengths_ms: list[int]
) -> None:
    model, speaker = Model(), Speaker()
    hints = TranscriptionHints(delay=delay)
    async with aclosing(WhisperTranscriber(model.recognise).transcribe(speaker, hints)) as events:
        for length_ms, before_ms in zip(lengths_ms, [0, *lengths_ms], strict=False):
            speaker.put(silence(length_ms - before_ms))
            while not isinstance(await _step(events), TranscriptSoFar):
                pass

    assert [len(order.audio) / 48 for order in model.orders] == lengths_ms


async def test_the_longer_the_delay_the_more_answers_must_agree() -> None:
    settled: dict[Delay, str] = {}
    for delay in ("minimal", "medium", "xhigh"):
        speaker, hints = Speaker(), TranscriptionHints(delay=delay)
        turn = WhisperTranscriber(Model().recognise).transcribe(speaker, hints)
        async with aclosing(turn) as events:
            for _ in range(3):
                speaker.put(silence(1_000))
                while not isinstance(event := await _step(events), TranscriptSoFar):
                    assert isinstance(event, TranscriptDelta)
                    settled[delay] = settled.get(delay, "") + event.text

    assert settled == {"minimal": "0 1 2 3", "medium": "0 1 2 3", "xhigh": "0 1"}


async def test_the_model_is_told_of_the_talk_the_keywords_last() -> None:
    model = Model()
    hints = TranscriptionHints(
        prompt="A talk.", keywords=("Oslo", "Ada"), languages=("de-AT", "en")
    )
    transcriber = WhisperTranscriber(model.recognise, "it")

    await _all(transcriber.transcribe(Speaker(silence(500), None), hints))

    assert model.orders[0].about == "A talk. Oslo, Ada"
    assert model.orders[0].candidates == ("de", "en")
    assert model.orders[0].language is None
