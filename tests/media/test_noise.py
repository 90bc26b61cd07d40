"""Noise reduction, measured on speech with white noise at 5 dB."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.recordings import recording
from vivavoce.media.noise import MAX_STRENGTH, Field, NoiseReducer
from vivavoce.media.pcm import BYTES_PER_MS, BYTES_PER_SAMPLE

PAUSE_MS = 2_000
SNR_DB = 5.0
LEARNING_MS = 1_000
DELAY_SAMPLES = 19 * 24
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)


@cache
def noisy_speech() -> bytes:
    """Return a sentence between two pauses, all of it in white noise."""
    speech = np.frombuffer(recording("librivox-austen-0880").data, "<i2").astype(np.float64)
    pause = np.zeros(PAUSE_MS * 24)
    sound = np.concatenate([pause, speech, pause])
    noise_level = np.sqrt(np.mean(speech**2) / 10 ** (SNR_DB / 10))
    noise = np.random.default_rng(1).normal(0.0, noise_level, len(sound))
    noisy: bytes = np.clip(sound + noise, -32768, 32767).astype("<i2").tobytes()
    return noisy


def pushed(reducer: NoiseReducer, data: bytes, piece_bytes: int) -> list[bytes]:
    cuts = range(0, len(data), piece_bytes)
    return [reducer.push(data[cut : cut + piece_bytes]) for cut in cuts]


@cache
def cleaned(field: Field, strength: float) -> bytes:
    return b"".join(pushed(NoiseReducer(field, strength), noisy_speech(), 20 * BYTES_PER_MS))


def level_db(data: bytes, from_ms: int, to_ms: int) -> float:
    samples = np.frombuffer(data[from_ms * BYTES_PER_MS : to_ms * BYTES_PER_MS], "<i2")
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-9))


def band_below_8_khz(data: bytes) -> bytes:
    """Return what the engines hear of a sound, so that the missing treble counts for nothing."""
    samples: NDArray[np.float64] = np.frombuffer(data, "<i2").astype(np.float64)
    spectrum = np.fft.rfft(samples)
    spectrum[np.fft.rfftfreq(len(samples), 1 / 24_000) > 8_000] = 0
    low: bytes = np.fft.irfft(spectrum, len(samples)).astype("<i2").tobytes()
    return low


def floor_falls_by_db(field: Field, strength: float) -> float:
    before = level_db(band_below_8_khz(noisy_speech()), LEARNING_MS, PAUSE_MS - 100)
    return before - level_db(cleaned(field, strength), LEARNING_MS, PAUSE_MS - 100)


@pytest.mark.parametrize(("field", "wanted_db"), [("near_field", 6.0), ("far_field", 10.0)])
def test_the_noise_floor_falls(field: Field, wanted_db: float) -> None:
    assert floor_falls_by_db(field, 1.0) >= wanted_db


def test_far_field_takes_more_away_than_near_field() -> None:
    assert floor_falls_by_db("far_field", 1.0) > floor_falls_by_db("near_field", 1.0) + 3


@pytest.mark.parametrize("field", ["near_field", "far_field"])
def test_more_strength_takes_more_away(field: Field) -> None:
    falls = [floor_falls_by_db(field, strength) for strength in STRENGTHS]

    assert all(more > less + 0.5 for less, more in pairwise(falls))


@pytest.mark.parametrize("field", ["near_field", "far_field"])
def test_no_strength_takes_nothing_away(field: Field) -> None:
    assert abs(floor_falls_by_db(field, 0.0)) < 0.5


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0, MAX_STRENGTH])
def test_speech_keeps_its_level_and_comes_19_ms_late(strength: float) -> None:
    speech = recording("librivox-austen-0920").data

    clean = b"".join(pushed(NoiseReducer("far_field", strength), speech, 20 * BYTES_PER_MS))

    assert abs(level_db(clean, 1000, 5000) - level_db(speech, 1000, 5000)) < 2.5
    assert abs(lag_samples(speech, clean) - DELAY_SAMPLES) <= 3


def lag_samples(before: bytes, after: bytes) -> int:
    first, second = (np.frombuffer(data, "<i2").astype(np.float64) for data in (before, after))
    part = first[48_000:72_000]
    return max(range(600), key=lambda lag: float(part @ second[48_000 + lag : 72_000 + lag]))


@pytest.mark.parametrize("piece_samples", [1, 7, 160, 239, 241, 480, 4_800])
def test_as_many_samples_come_out_as_went_in(piece_samples: int) -> None:
    data = noisy_speech()[: 200 * BYTES_PER_MS]
    piece_bytes = piece_samples * BYTES_PER_SAMPLE

    pieces: Sequence[bytes] = pushed(NoiseReducer("near_field", 1.0), data, piece_bytes)

    assert [len(piece) for piece in pieces[:-1]] == [piece_bytes] * (len(pieces) - 1)
    assert sum(map(len, pieces)) == len(data)


def test_the_sound_does_not_depend_on_how_it_was_cut() -> None:
    data = noisy_speech()[: 500 * BYTES_PER_MS]

    coarse = b"".join(pushed(NoiseReducer("near_field", 0.5), data, len(data)))
    fine = b"".join(pushed(NoiseReducer("near_field", 0.5), data, 322))

    assert coarse == fine
