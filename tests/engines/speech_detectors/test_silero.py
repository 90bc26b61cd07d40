from collections.abc import AsyncIterator, Callable, Iterable

import numpy as np
import pytest

from tests.recordings import WORDS, recording
from vivavoce.engines.speech_detectors.silero import open_engine
from vivavoce.errors import ConfigError, EngineError
from vivavoce.interfaces import FRAME_MS, SpeechDetector
from vivavoce.media.pcm import Pcm, silence

NewDetector = Callable[[], SpeechDetector]


@pytest.fixture
async def new_detector() -> AsyncIterator[NewDetector]:
    async with open_engine({}) as factory:
        yield factory


def _in_pieces(sound: Pcm, sizes: Iterable[int]) -> list[Pcm]:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(Pcm(sound.data[start : start + size]))
        start += size
    return [*pieces, Pcm(sound.data[start:])]


def test_each_32_ms_give_one_probability_at_once(new_detector: NewDetector) -> None:
    detector = new_detector()

    counts = [len(detector.push(silence(FRAME_MS))) for _ in range(4)]

    assert counts == [1, 1, 1, 1]
    assert len(detector.push(silence(31))) == 0
    assert len(detector.push(silence(33))) == 2


def test_the_same_sound_in_any_pieces_gives_the_same(new_detector: NewDetector) -> None:
    sound = recording("cards-005")
    whole = new_detector().push(sound)

    for sizes in ([2] * 50, [1920] * 80, [1536, 98, 4802, 30_000], [1, 3, 5] * 30):
        detector = new_detector()
        in_pieces = [p for piece in _in_pieces(sound, sizes) for p in detector.push(piece)]
        assert in_pieces == whole


def test_silence_and_noise_are_not_speech(new_detector: NewDetector) -> None:
    noise = np.random.default_rng(1).normal(0, 300, 48_000).astype("<i2").tobytes()

    assert max(new_detector().push(silence(2_000))) < 0.1
    assert max(new_detector().push(Pcm(noise))) < 0.3


@pytest.mark.parametrize("name", WORDS)
def test_speech_is_found_between_silences_to_a_tenth_of_a_second(
    new_detector: NewDetector, name: str
) -> None:
    sound = recording(name)

    heard = new_detector().push(Pcm(silence(992).data + sound.data + silence(992).data))

    is_speech = [probability >= 0.5 for probability in heard]
    assert 31 <= is_speech.index(True) <= 31 + 20
    assert sum(is_speech) * FRAME_MS > 0.5 * sound.duration_ms
    assert not any(is_speech[-25:])


def test_sessions_do_not_share_state(new_detector: NewDetector) -> None:
    one, other = new_detector(), new_detector()
    one.push(recording("jfk"))

    assert other.push(recording("cards-001")) == new_detector().push(recording("cards-001"))


async def test_an_unknown_setting_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="treshold: there is no such setting"):
        async with open_engine({"treshold": 0.5}):
            pass


async def test_a_missing_file_is_told() -> None:
    with pytest.raises(EngineError, match=r"model is missing: no/such\.onnx"):
        async with open_engine({"model_path": "no/such.onnx"}):
            pass
