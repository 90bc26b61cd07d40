"""The real Whisper on recorded speech."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec
import numpy as np
import pytest

from tests.bundled_models import model_dir
from tests.recordings import WORDS, recording
from vivavoce.engines.transcribers.whisper import WhisperTranscriber, open_engine
from vivavoce.engines.transcribers.whisper_orders import Answer, Order
from vivavoce.engines.worker import open_worker
from vivavoce.errors import EngineError
from vivavoce.interfaces import (
    AudioOrPause,
    SpeechPaused,
    Transcriber,
    Transcript,
    TranscriptDelta,
    TranscriptionHints,
    TranscriptSoFar,
)
from vivavoce.media.pcm import BYTES_PER_MS, Pcm, silence

pytestmark = pytest.mark.models

HOST = "vivavoce.engines.transcribers.whisper_host:open_host"
HINTS = TranscriptionHints()
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
STEP_BYTES = 1_000 * BYTES_PER_MS


@pytest.fixture
async def whisper() -> AsyncIterator[Transcriber]:
    settings = {"model_dir": str(model_dir("whisper-base")), "threads": 1}
    async with open_worker(HOST, settings, name="whisper") as worker:

        async def recognise(order: Order) -> Answer:
            answer = msgspec.convert(await worker.call("transcribe", order), Answer)
            # As if it cost nothing: what is heard must not depend on how busy the machine is.
            return msgspec.structs.replace(answer, run_ms=0)

        yield WhisperTranscriber(recognise)


async def _at_once(sound: Pcm) -> AsyncGenerator[AudioOrPause, None]:
    yield sound


async def _hear(whisper: Transcriber, sound: Pcm, hints: TranscriptionHints = HINTS) -> Transcript:
    events = [event async for event in whisper.transcribe(_at_once(sound), hints)]
    assert isinstance(events[-1], Transcript)
    return events[-1]


async def _hear_as_spoken(whisper: Transcriber, sound: Pcm) -> tuple[Transcript, str, list[str]]:
    """Return the transcript, what was settled before, and every text on the way."""
    answered = asyncio.Event()

    async def speech() -> AsyncGenerator[AudioOrPause, None]:
        for start in range(0, len(sound.data), STEP_BYTES):
            answered.clear()
            yield Pcm(sound.data[start : start + STEP_BYTES])
            if len(sound.data) - start > STEP_BYTES:
                await answered.wait()
        yield SpeechPaused()
        yield silence(500)

    settled, texts = "", []
    async for event in whisper.transcribe(speech(), HINTS):
        match event:
            case TranscriptDelta(text=text):
                settled += text
            case TranscriptSoFar(text=text):
                texts.append(text)
                answered.set()
            case Transcript():
                return event, settled, texts
    raise AssertionError("no transcript")


def _plain(text: str) -> list[str]:
    words = re.sub(r"[^a-z0-9 ]", " ", text.lower().replace("-", " ")).split()
    as_said = {"mr": "mister"} | {str(number): word for number, word in enumerate(NUMBERS)}
    return [as_said.get(word, word) for word in words]


def _n_errors(said: list[str], heard: list[str]) -> int:
    """Return the edit distance in words."""
    row = list(range(len(heard) + 1))
    for n_said, word in enumerate(said, 1):
        diagonal, row[0] = row[0], n_said
        for place, other in enumerate(heard, 1):
            change = diagonal + (word != other)
            diagonal, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, change)
    return row[-1]


def _error_rate(pairs: list[tuple[str, str]]) -> float:
    n_errors = sum(_n_errors(_plain(said), _plain(heard)) for said, heard in pairs)
    return n_errors / sum(len(_plain(said)) for said, _ in pairs)


async def test_at_most_one_word_in_twenty_is_wrong(whisper: Transcriber) -> None:
    pairs = [(said, (await _hear(whisper, recording(name))).text) for name, said in WORDS.items()]

    assert _error_rate(pairs) <= 0.05, pairs


async def test_following_the_speech_costs_no_accuracy(whisper: Transcriber) -> None:
    pairs = []
    for name, said in WORDS.items():
        transcript, settled, _ = await _hear_as_spoken(whisper, recording(name))
        assert transcript.text.startswith(settled)
        pairs.append((said, transcript.text))

    assert _error_rate(pairs) <= 0.07, pairs


async def test_words_come_while_they_are_spoken(whisper: Transcriber) -> None:
    transcript, settled, texts = await _hear_as_spoken(whisper, recording("jfk"))

    assert len(texts) >= 10
    assert "fellow Americans" in texts[len(texts) // 2]
    assert len(settled) > 0.8 * len(transcript.text)
    assert transcript.language == "en"
    assert len(transcript.logprobs) >= len(transcript.text.split())
    assert all(-10 < token.logprob <= 0 for token in transcript.logprobs)


async def test_a_long_turn_is_understood_to_its_end(whisper: Transcriber) -> None:
    names = [name for name in WORDS if name.startswith(("librivox", "jfk"))]
    speech = b"".join(recording(name).data + silence(300).data for name in names)

    live, settled, _ = await _hear_as_spoken(whisper, Pcm(speech))
    at_once = await _hear(whisper, Pcm(speech))

    said = " ".join(WORDS[name] for name in names)
    assert live.text.startswith(settled)
    assert _error_rate([(said, live.text)]) < 0.1, live.text
    assert _error_rate([(said, at_once.text)]) < 0.1, at_once.text


async def test_it_opens_with_the_settings_of_an_operator() -> None:
    async with open_engine({"model_dir": model_dir("whisper-base"), "language": "en"}) as whisper:
        assert "forward" in (await _hear(whisper, recording("goforward"))).text


async def test_two_sessions_at_once_do_not_mix(whisper: Transcriber) -> None:
    async with asyncio.TaskGroup() as tasks:
        one = tasks.create_task(_hear_as_spoken(whisper, recording("librivox-austen-0930")))
        other = tasks.create_task(_hear_as_spoken(whisper, recording("goforward")))

    assert "amiable himself" in one.result()[0].text
    assert "forward" in other.result()[0].text


async def test_silence_and_noise_are_no_words(whisper: Transcriber) -> None:
    kinds = [(ms, level) for ms in (300, 1_500, 6_000) for level in (0, 30, 300, 3_000)]

    heard = {kind: (await _hear(whisper, _noise(*kind))).text for kind in kinds}

    assert heard == dict.fromkeys(kinds, "")


def _noise(duration_ms: int, level: int) -> Pcm:
    samples = np.random.default_rng(duration_ms).normal(0, level, duration_ms * 24)
    return Pcm(samples.astype("<i2").tobytes())


async def test_a_prompt_gives_the_spelling_of_names(whisper: Transcriber) -> None:
    hints = TranscriptionHints(language="en", prompt="Mister Jon Dashwould")

    heard = await _hear(whisper, recording("librivox-austen-0870"), hints)

    assert "Jon Dashwould" in heard.text


async def test_an_unknown_language_is_refused_by_name(whisper: Transcriber) -> None:
    with pytest.raises(EngineError, match="'xx'"):
        await _hear(whisper, recording("cards-001"), TranscriptionHints(language="xx"))
