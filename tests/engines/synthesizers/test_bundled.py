"""The real voices, heard by the real transcriber."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt
import pytest
import pytest_asyncio

from tests.bundled_models import model_dir
from vivavoce.engines.synthesizers import bundled
from vivavoce.engines.synthesizers.speakers import HIBARI_VOICE, KOKORO_SPEAKERS
from vivavoce.engines.transcribers import whisper
from vivavoce.errors import ConfigError, EngineError
from vivavoce.interfaces import AudioOrPause, Synthesizer, Transcriber, Transcript
from vivavoce.interfaces import TranscriptionHints as Hints
from vivavoce.media.pcm import RATE_HZ, Pcm, silence

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]

VOICES = (HIBARI_VOICE, *KOKORO_SPEAKERS)
SENTENCE = "The weather in Paris is sunny today."
LONG = "The quick brown fox jumps over the lazy dog and runs away into the deep forest. " * 4
Sound = npt.NDArray[np.float64]
_sounds: dict[object, bytes] = {}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def synthesizer() -> AsyncIterator[Synthesizer]:
    (model,) = model_dir("kokoro-82m-int8").glob("*.onnx")
    async with bundled.open_engine({"kokoro_path": str(model)}) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def transcriber() -> AsyncIterator[Transcriber]:
    async with whisper.open_engine({"model_dir": str(model_dir("whisper-base"))}) as opened:
        yield opened


async def speech(
    synthesizer: Synthesizer, text: str, voice: str = HIBARI_VOICE, speed: float = 1.0
) -> bytes:
    """Return the sound; what was said before is remembered, as saying it takes a while."""
    said = (synthesizer, text, voice, speed)
    if said not in _sounds:
        async with aclosing(synthesizer.synthesize(text, voice, speed)) as pieces:
            _sounds[said] = b"".join([piece.data async for piece in pieces])
    return _sounds[said]


async def words(transcriber: Transcriber, sound: bytes) -> list[str]:
    async def audio() -> AsyncGenerator[AudioOrPause, None]:
        yield Pcm(sound + silence(500).data)

    async with aclosing(transcriber.transcribe(audio(), Hints(language="en"))) as events:
        last = [event async for event in events][-1]
    assert isinstance(last, Transcript)
    return plain(last.text)


def plain(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def n_word_errors(heard: list[str], said: list[str]) -> int:
    """Return the edit distance between two lists of words."""
    row = list(range(len(said) + 1))
    for i, word in enumerate(heard, 1):
        above, row = row, [i]
        for j, other in enumerate(said, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other)))
    return row[-1]


def samples(sound: bytes) -> Sound:
    return np.frombuffer(sound, np.int16) / 32_768


def pitch_hz(sound: Sound) -> float:
    """Return the median pitch of the voiced frames, by autocorrelation."""
    pitches = []
    for start in range(0, len(sound) - 2400, 600):
        frame = sound[start : start + 2400] - sound[start : start + 2400].mean()
        correlation = np.fft.irfft(np.abs(np.fft.rfft(frame, 8192)) ** 2)[:400]
        lag = 60 + int(np.argmax(correlation[60:]))
        if np.sqrt(np.mean(frame**2)) > 0.02 and correlation[lag] > 0.5 * correlation[0]:
            pitches.append(RATE_HZ / lag)
    return float(np.median(pitches))


def timbre_db(sound: Sound) -> Sound:
    """Return the average spectrum in 24 bands of equal width in mel, without the level."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 1024)[::512] * np.hanning(1024)
    power = np.mean(np.abs(np.fft.rfft(frames)) ** 2, axis=0)
    edges_hz = 700 * (10 ** (np.linspace(0, 2840, 25) / 2595) - 1)
    edges = np.maximum.accumulate((edges_hz * 1024 / RATE_HZ).astype(int)) + np.arange(25)
    bands = 10 * np.log10(np.add.reduceat(power, edges[:-1]))
    levels: Sound = bands - bands.mean()
    return levels


@pytest.mark.parametrize("voice", VOICES)
async def test_a_voice_is_understood(
    synthesizer: Synthesizer, transcriber: Transcriber, voice: str
) -> None:
    heard = await words(transcriber, await speech(synthesizer, SENTENCE, voice))

    assert n_word_errors(heard, plain(SENTENCE)) <= 1


async def test_the_ten_voices_are_ten_speakers(synthesizer: Synthesizer) -> None:
    sounds = [samples(await speech(synthesizer, SENTENCE, voice)) for voice in VOICES]
    timbres = np.array([timbre_db(sound) for sound in sounds])
    pitches = np.array([pitch_hz(sound) for sound in sounds])

    apart_db = np.sqrt(np.mean((timbres[:, None] - timbres[None]) ** 2, axis=2))
    apart_db += np.diag(np.full(len(VOICES), np.inf))
    assert apart_db.min() > 2  # the same speaker, saying the same again, is within 1 dB
    assert pitches.min() < 130 < 180 < pitches.max()


async def test_the_voices_are_named(synthesizer: Synthesizer) -> None:
    assert synthesizer.voices == VOICES


@pytest.mark.parametrize("voice", ["alloy", "cedar"])
@pytest.mark.parametrize("speed", [0.25, 0.5, 1.5])
async def test_speed_changes_the_duration_and_keeps_the_pitch(
    synthesizer: Synthesizer, voice: str, speed: float
) -> None:
    normal = samples(await speech(synthesizer, SENTENCE, voice))
    changed = samples(await speech(synthesizer, SENTENCE, voice, speed))

    assert len(changed) * speed == pytest.approx(len(normal), rel=0.1)
    assert pitch_hz(changed) == pytest.approx(pitch_hz(normal), rel=0.05)


async def test_slow_and_fast_speech_is_understood(
    synthesizer: Synthesizer, transcriber: Transcriber
) -> None:
    for speed in (0.5, 1.5):
        heard = await words(transcriber, await speech(synthesizer, SENTENCE, "sage", speed))
        assert n_word_errors(heard, plain(SENTENCE)) <= 1


async def test_pieces_are_at_most_200_ms_of_24_khz(synthesizer: Synthesizer) -> None:
    async with aclosing(synthesizer.synthesize(SENTENCE, "alloy", 1.0)) as pieces:
        sounds = [piece async for piece in pieces]

    assert {piece.rate_hz for piece in sounds} == {RATE_HZ}
    assert max(piece.duration_ms for piece in sounds) == 200


@pytest.mark.parametrize("text", ["", "...", "\N{GRINNING FACE}", "你好"])
@pytest.mark.parametrize("voice", ["alloy", "ash"])
async def test_what_cannot_be_spoken_makes_no_sound(
    synthesizer: Synthesizer, text: str, voice: str
) -> None:
    assert await speech(synthesizer, text, voice) == b""


@pytest.mark.parametrize("voice", ["alloy", "ash"])
async def test_speech_begins_at_once_and_ends_with_the_pause_of_its_punctuation(
    synthesizer: Synthesizer, voice: str
) -> None:
    sound = np.abs(samples(await speech(synthesizer, "Of course,", voice)))
    loud = np.flatnonzero(sound > 0.02)

    assert loud[0] < 0.06 * RATE_HZ
    assert 0.1 * RATE_HZ < len(sound) - loud[-1] < 0.3 * RATE_HZ


async def test_clauses_join_to_one_sentence(
    synthesizer: Synthesizer, transcriber: Transcriber
) -> None:
    clauses = ["Of course,", "the weather in Paris", "is sunny today."]
    sounds = [await speech(synthesizer, clause) for clause in clauses]

    heard = await words(transcriber, b"".join(sounds))

    assert n_word_errors(heard, plain(" ".join(clauses))) <= 1


async def test_two_sessions_at_once_do_not_mix(
    synthesizer: Synthesizer, transcriber: Transcriber
) -> None:
    other = "I would like a cup of tea with a little milk, please."
    sounds = await asyncio.gather(
        speech(synthesizer, SENTENCE, "ash"), speech(synthesizer, other, "coral")
    )

    heard = [await words(transcriber, sound) for sound in sounds]

    assert n_word_errors(heard[0], plain(SENTENCE)) <= 1
    assert n_word_errors(heard[1], plain(other)) <= 1


async def test_closing_frees_the_worker_at_once(synthesizer: Synthesizer) -> None:
    async with asyncio.timeout(60):
        for turn in range(2):
            long = [synthesizer.synthesize(LONG, "ash", 1.0) for _ in range(2)]
            await asyncio.gather(*(anext(stream) for stream in long))
            began_s = perf_counter()
            for stream in long:
                await stream.aclose()
            await asyncio.gather(*(speech(synthesizer, f"Yes, {turn} {n}.") for n in range(2)))
            # 0.05 s on a quiet machine; what was cancelled had seconds of work before it.
            assert perf_counter() - began_s < 1


async def test_an_unknown_voice_is_refused(synthesizer: Synthesizer) -> None:
    with pytest.raises(EngineError, match="no voice named robot"):
        await speech(synthesizer, "Hello.", "robot")


async def test_without_kokoro_there_is_only_the_default_voice() -> None:
    async with bundled.open_engine({}) as alone:
        assert alone.voices == ("alloy",)
        assert await speech(alone, "Hello.")
        with pytest.raises(EngineError, match="no voice named ash"):
            await speech(alone, "Hello.", "ash")


async def test_a_missing_model_is_the_operators_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="kokoro_path") as caught:
        async with bundled.open_engine({"kokoro_path": str(tmp_path / "none.onnx")}):
            pass

    assert caught.value.path == "kokoro_path"


async def test_a_file_that_is_no_model_is_the_operators_error(tmp_path: Path) -> None:
    (tmp_path / "page.onnx").write_text("this is no model")

    with pytest.raises(ConfigError, match="is no model"):
        async with bundled.open_engine({"kokoro_path": str(tmp_path / "page.onnx")}):
            pass


async def test_an_unknown_setting_is_the_operators_error() -> None:
    with pytest.raises(ConfigError, match="speeed"):
        async with bundled.open_engine({"speeed": 2}):
            pass
