import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from tests.engines.raw_http import answering, events, whole
from vivavoce.engines.transcribers.openai_http import open_engine
from vivavoce.errors import EngineError
from vivavoce.interfaces import (
    AudioOrPause,
    SpeechPaused,
    SpeechResumed,
    SpokenSegment,
    TokenLogprob,
    Transcriber,
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
    TranscriptionHints,
    TranscriptSoFar,
)
from vivavoce.media.pcm import silence
from vivavoce.testing.http_engines import HttpRequests, HttpScript, http_engines

HINTS = TranscriptionHints()
WAV_HEADER_BYTES = 44
SAID = Transcript("Hello you.")


@asynccontextmanager
async def transcriber(
    requests: HttpRequests, *, transcript_ms: float = 0, **settings: Any
) -> AsyncGenerator[Transcriber, None]:
    script = HttpScript(transcript="Hello you.", transcript_ms=transcript_ms)
    async with (
        http_engines(script, requests=requests) as url,
        open_engine({"base_url": url, "model": "m", **settings}) as engine,
    ):
        yield engine


async def audio(*entries: AudioOrPause) -> AsyncIterator[AudioOrPause]:
    for entry in entries:
        yield entry


class Feed:
    """Audio that waits for the test."""

    def __init__(self) -> None:
        self.entries: asyncio.Queue[AudioOrPause | None] = asyncio.Queue()

    async def __aiter__(self) -> AsyncIterator[AudioOrPause]:
        while (entry := await self.entries.get()) is not None:
            yield entry


async def test_all_audio_is_sent_once_at_the_end() -> None:
    requests = HttpRequests()
    hints = TranscriptionHints(model="whisper-1", language="en", prompt="Names: Ada.")

    async with transcriber(requests) as engine:
        found = [e async for e in engine.transcribe(audio(silence(300), silence(200)), hints)]

    assert found == [SAID]
    assert requests.bodies == [
        {
            "file": WAV_HEADER_BYTES + 500 * 48,
            "model": "m",
            "response_format": "json",
            "language": "en",
            "prompt": "Names: Ada.",
        }
    ]


async def test_what_covers_the_pause_is_not_made_again() -> None:
    requests = HttpRequests()
    feed = Feed()
    async with transcriber(requests) as engine:
        stream = engine.transcribe(aiter(feed), HINTS)
        feed.entries.put_nowait(silence(300))
        feed.entries.put_nowait(SpeechPaused())

        assert await anext(stream) == TranscriptSoFar("Hello you.", covers_pause=True)
        feed.entries.put_nowait(silence(300))
        feed.entries.put_nowait(None)
        assert [event async for event in stream] == [SAID]

    assert len(requests.bodies) == 1


async def test_speech_after_the_pause_ends_the_request_and_is_heard() -> None:
    requests = HttpRequests()
    feed = Feed()
    async with transcriber(requests, transcript_ms=60_000) as engine:
        stream = engine.transcribe(aiter(feed), HINTS)
        for entry in (silence(300), SpeechPaused()):
            feed.entries.put_nowait(entry)
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(anext(stream))
            await requests.some_began()
            feed.entries.put_nowait(SpeechResumed())
            await requests.all_ended()
            reader.cancel()
        await stream.aclose()

    assert requests.n_cut == 1


async def test_speech_after_the_pause_is_part_of_the_transcript() -> None:
    requests = HttpRequests()
    entries = audio(silence(300), SpeechPaused(), SpeechResumed(), silence(100))

    async with transcriber(requests) as engine:
        assert [event async for event in engine.transcribe(entries, HINTS)][-1] == SAID

    assert requests.bodies[-1]["file"] == WAV_HEADER_BYTES + 400 * 48


async def test_closing_a_transcription_closes_the_connection_at_once() -> None:
    requests = HttpRequests()
    async with transcriber(requests, transcript_ms=60_000) as engine:
        stream = engine.transcribe(audio(silence(300)), HINTS)
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            reader = tasks.create_task(anext(stream))
            await requests.some_began()
            reader.cancel()
            await requests.all_ended()
        await stream.aclose()

    assert requests.n_cut == 1


async def test_closing_between_two_events_ends_quietly() -> None:
    requests = HttpRequests()
    feed = Feed()
    async with transcriber(requests) as engine:
        stream = engine.transcribe(aiter(feed), HINTS)
        for entry in (silence(300), SpeechPaused()):
            feed.entries.put_nowait(entry)
        await anext(stream)
        await stream.aclose()

    assert requests.n_running == 0


async def test_a_streamed_transcript_comes_word_by_word_once_the_turn_is_over() -> None:
    requests = HttpRequests()
    async with transcriber(requests, stream=True) as engine:
        found = [event async for event in engine.transcribe(audio(silence(300)), HINTS)]

    assert found == [TranscriptDelta("Hello "), TranscriptDelta("you."), SAID]
    assert requests.bodies[0]["stream"] == "true"


async def test_a_streamed_transcript_of_a_pause_is_said_when_the_turn_is_over() -> None:
    requests = HttpRequests()
    feed = Feed()
    async with transcriber(requests, stream=True) as engine:
        stream = engine.transcribe(aiter(feed), HINTS)
        for entry in (silence(300), SpeechPaused()):
            feed.entries.put_nowait(entry)
        first = await anext(stream)
        feed.entries.put_nowait(None)
        rest = [event async for event in stream]

    assert first == TranscriptSoFar("Hello you.", covers_pause=True)
    assert rest == [TranscriptDelta("Hello you."), SAID]


async def test_silence_is_not_sent() -> None:
    requests = HttpRequests()
    async with transcriber(requests) as engine:
        assert [event async for event in engine.transcribe(audio(), HINTS)] == [Transcript("")]

    assert requests.bodies == []


async def test_a_very_short_turn_is_padded() -> None:
    requests = HttpRequests()
    async with transcriber(requests, language="de", extra_body={"temperature": 0}) as engine:
        _ = [event async for event in engine.transcribe(audio(silence(20)), HINTS)]

    assert requests.bodies[0]["file"] == WAV_HEADER_BYTES + 100 * 48
    assert requests.bodies[0]["language"] == "de"
    assert requests.bodies[0]["temperature"] == "0"


async def transcribed(answer: bytes, *entries: AudioOrPause) -> list[TranscriptionEvent]:
    async with (
        answering(answer) as url,
        open_engine({"base_url": url, "model": "m", "stream": True}) as engine,
    ):
        return [event async for event in engine.transcribe(audio(*entries), HINTS)]


async def test_a_server_that_does_not_stream_is_understood() -> None:
    body = b'{"text": " Hello you. ", "language": "en"}'

    found = await transcribed(whole("200 OK", body), silence(300))

    assert found == [Transcript("Hello you.", "en")]


async def test_streams_in_the_manner_of_chat_are_understood() -> None:
    chunks = [f'{{"choices": [{{"delta": {{"content": "{text}"}}}}]}}' for text in (" Hi", " you")]

    found = await transcribed(events(*chunks, "[DONE]"), silence(300))

    assert found == [TranscriptDelta("Hi"), TranscriptDelta(" you"), Transcript("Hi you")]


@pytest.mark.parametrize("entries", [(silence(300),), (silence(300), SpeechPaused())])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (whole("429 Too Many Requests", b'{"error": {"message": "slowly"}}'), "429 .*: slowly"),
        (whole("200 OK", b"text"), "can't be understood: 'text'"),
        (events('{"type": "transcript.text.delta", "delta": "He"}'), "stopped in the middle"),
        (events('{"error": {"message": "no memory"}}'), "gave up: no memory"),
    ],
)
async def test_a_bad_answer_is_an_engine_error(
    answer: bytes, reason: str, entries: tuple[AudioOrPause, ...]
) -> None:
    with pytest.raises(EngineError, match=reason):
        await transcribed(answer, *entries)


async def _asked(hints: TranscriptionHints, **settings: Any) -> tuple[Transcript, object]:
    """Return the transcript, and the form that it came of."""
    requests = HttpRequests()
    async with transcriber(requests, **settings) as engine:
        (*_, found) = [e async for e in engine.transcribe(audio(silence(300)), hints)]
    assert isinstance(found, Transcript)
    form = dict(requests.bodies[0])
    del form["file"]
    return found, form


async def test_keywords_go_into_the_prompt_of_models_that_know_no_list() -> None:
    hints = TranscriptionHints(prompt="A talk.", keywords=("Ada", "Oslo"))

    _, form = await _asked(hints, model="whisper-1")

    assert form == {
        "model": "whisper-1",
        "response_format": "json",
        "prompt": "A talk. Ada, Oslo",
    }


async def test_a_model_that_takes_lists_gets_them_and_says_the_language() -> None:
    hints = TranscriptionHints(languages=("de", "en"), keywords=("Ada", "Oslo"))

    found, form = await _asked(hints, model="gpt-transcribe", language="fr")

    assert found == Transcript("Hello you.", "de")
    assert form == {
        "model": "gpt-transcribe",
        "response_format": "json",
        "languages[]": ["de", "en"],
        "keywords[]": ["Ada", "Oslo"],
    }


@pytest.mark.parametrize("stream", [False, True])
async def test_logprobs_are_asked_for_and_told(stream: bool) -> None:
    found, form = await _asked(
        TranscriptionHints(logprobs=True), model="gpt-4o-transcribe", stream=stream
    )

    assert isinstance(form, dict)
    assert form["include[]"] == ["logprobs"]
    assert found.logprobs == (TokenLogprob("Hello ", -0.1), TokenLogprob("you.", -0.1))


async def test_a_diarizing_model_says_who_spoke() -> None:
    found, form = await _asked(
        TranscriptionHints(speakers=True), model="gpt-4o-transcribe-diarize", stream=True
    )

    assert form == {
        "model": "gpt-4o-transcribe-diarize",
        "response_format": "diarized_json",
        "chunking_strategy": "auto",
    }
    said = SpokenSegment(text="Hello you.", speaker="A", start_s=0.0, end_s=1.0)
    assert found == Transcript("Hello you.", segments=(said,))


@pytest.mark.parametrize(
    ("model", "settings", "abilities"),
    [
        ("whisper-1", {}, {"prompt", "keywords"}),
        ("whisper-1", {"logprobs": True}, {"prompt", "keywords", "logprobs"}),
        ("gpt-transcribe", {}, {"candidates", "prompt", "keywords"}),
        ("gpt-4o-mini-transcribe", {}, {"prompt", "keywords", "logprobs"}),
        ("gpt-4o-transcribe-diarize", {}, {"speakers"}),
        ("mine", {"speakers": True}, {"speakers"}),
    ],
)
async def test_what_a_server_can_is_told_from_its_model_or_by_the_operator(
    model: str, settings: dict[str, bool], abilities: set[str]
) -> None:
    async with transcriber(HttpRequests(), model=model, **settings) as engine:
        found = msgspec.structs.asdict(engine.abilities)

    assert {name for name, can in found.items() if can} == abilities
