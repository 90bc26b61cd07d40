import numpy as np
import pytest

from vivavoce.media.pcm import Pcm
from vivavoce.media.resample import Resampler, resample

RATES = pytest.mark.parametrize(
    ("from_hz", "to_hz"), [(8_000, 24_000), (24_000, 8_000), (24_000, 16_000), (48_000, 24_000)]
)


def tone(rate_hz: int, duration_ms: int = 500) -> bytes:
    time_s = np.arange(rate_hz * duration_ms // 1000) / rate_hz
    return (10_000 * np.sin(2 * np.pi * 440 * time_s)).astype("<i2").tobytes()


def resampled_in_pieces(data: bytes, from_hz: int, to_hz: int, n_bytes: int) -> bytes:
    resampler = Resampler(from_hz, to_hz)
    pieces = [resampler.push(data[at : at + n_bytes]) for at in range(0, len(data), n_bytes)]
    return b"".join(pieces) + resampler.flush()


@RATES
@pytest.mark.parametrize("n_samples", [1, 7, 160, 333])
def test_the_result_does_not_depend_on_the_cuts(from_hz: int, to_hz: int, n_samples: int) -> None:
    whole = resample(Pcm(tone(from_hz), from_hz), to_hz)

    assert resampled_in_pieces(tone(from_hz), from_hz, to_hz, 2 * n_samples) == whole.data


@RATES
def test_a_tone_keeps_its_pitch_phase_and_length(from_hz: int, to_hz: int) -> None:
    expected = np.frombuffer(tone(to_hz), "<i2").astype(int)

    actual = np.frombuffer(resample(Pcm(tone(from_hz), from_hz), to_hz).data, "<i2")

    assert len(actual) == len(expected)
    assert np.abs(actual - expected)[200:-200].max() <= 2


@RATES
def test_at_most_2_ms_are_held_back(from_hz: int, to_hz: int) -> None:
    given = Resampler(from_hz, to_hz).push(tone(from_hz))

    assert 0 <= len(tone(to_hz)) - len(given) <= to_hz * 2 * 2 // 1000


def test_the_same_rate_changes_nothing() -> None:
    resampler = Resampler(24_000, 24_000)

    assert resampler.push(b"\x01\x02") + resampler.flush() == b"\x01\x02"


def test_a_stream_without_samples_has_none_afterwards() -> None:
    resampler = Resampler(8_000, 24_000)

    assert resampler.push(b"") + resampler.flush() == b""
