import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.transports.rtp.resampling import PieceResampler

RATES = [(8_000, 24_000), (24_000, 8_000), (16_000, 24_000), (24_000, 16_000)]


def resampled(hz: float, from_hz: int, to_hz: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    resampler = PieceResampler(from_hz, to_hz)
    sound = (10_000 * np.sin(2 * np.pi * hz * np.arange(from_hz) / from_hz)).astype("<i2")
    size = from_hz // 50
    pieces = [resampler.push(sound[n : n + size].tobytes()) for n in range(0, from_hz, size)]
    assert {len(piece) for piece in pieces} == {2 * to_hz // 50}
    return np.frombuffer(b"".join(pieces), "<i2").astype(np.float64)[to_hz // 10 :]


def spectrum_db(
    sound: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    window = np.hanning(len(sound))
    share = np.abs(np.fft.rfft(sound * window)) / window.sum() * 2 / 10_000
    levels: np.ndarray[tuple[int], np.dtype[np.float64]] = 20 * np.log10(share + 1e-9)
    return levels


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
@pytest.mark.parametrize("share", [0.05, 0.3, 0.84])
def test_a_tone_keeps_its_level_and_nothing_else_is_heard(
    from_hz: int, to_hz: int, share: float
) -> None:
    hz = share * min(from_hz, to_hz) / 2
    sound = resampled(hz, from_hz, to_hz)

    levels = spectrum_db(sound)

    at = round(hz * len(sound) / to_hz)
    assert levels[at - 3 : at + 4].max() == pytest.approx(0, abs=0.2)
    levels[at - 4 : at + 5] = -180
    assert levels.max() < -68


@pytest.mark.parametrize(("from_hz", "to_hz"), [pair for pair in RATES if pair[0] > pair[1]])
def test_what_does_not_fit_into_the_lower_rate_is_gone(from_hz: int, to_hz: int) -> None:
    assert spectrum_db(resampled(to_hz / 2 * 1.1, from_hz, to_hz)).max() < -65


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
@given(cuts=st.lists(st.integers(0, 400), max_size=12))
def test_it_does_not_matter_how_the_stream_is_cut(
    from_hz: int, to_hz: int, cuts: list[int]
) -> None:
    sound = (np.sin(np.arange(sum(cuts)) / 3) * 9_000).astype("<i2").tobytes()
    whole, pieces = PieceResampler(from_hz, to_hz), PieceResampler(from_hz, to_hz)

    parts, at = [], 0
    for n in cuts:
        parts.append(pieces.push(sound[2 * at : 2 * (at + n)]))
        at += n

    one = np.frombuffer(whole.push(sound), "<i2").astype(int)
    other = np.frombuffer(b"".join(parts), "<i2").astype(int)
    assert len(one) == len(other)
    assert np.abs(one - other).max(initial=0) <= 1


def test_the_same_rate_is_left_alone() -> None:
    assert PieceResampler(24_000, 24_000).push(b"\1\2") == b"\1\2"
