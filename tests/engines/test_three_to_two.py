import numpy as np
import pytest

from vivavoce.engines.three_to_two import ThreeToTwo, to_16_khz


def _tone(hz: float, n_samples: int = 24_000) -> bytes:
    wave = 16_000 * np.sin(2 * np.pi * hz / 24_000 * np.arange(n_samples))
    return bytes(wave.astype("<i2"))


def _level(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(samples[100:] ** 2)) + 1e-9))


def test_three_samples_become_two() -> None:
    assert len(ThreeToTwo().push(bytes(768 * 2))) == 512


@pytest.mark.parametrize("hz", [100, 1_000, 4_000, 7_000])
def test_speech_passes_unchanged(hz: int) -> None:
    half_scale_dbfs = 20 * np.log10(16_000 / 32_768 / np.sqrt(2))

    assert _level(to_16_khz(_tone(hz))) == pytest.approx(half_scale_dbfs, abs=0.5)


@pytest.mark.parametrize("hz", [9_000, 10_500, 11_900])
def test_what_16_khz_cannot_hold_is_taken_out(hz: int) -> None:
    assert _level(to_16_khz(_tone(hz))) < -60


def test_a_tone_keeps_its_pitch() -> None:
    spectrum = np.abs(np.fft.rfft(to_16_khz(_tone(1_000))))

    assert int(np.argmax(spectrum)) == 1_000


def test_pieces_give_what_the_whole_gives() -> None:
    sound, stream = _tone(440, 768 * 4), ThreeToTwo()

    pieces = [stream.push(sound[start : start + 1_536]) for start in range(0, len(sound), 1_536)]

    assert np.allclose(np.concatenate(pieces), to_16_khz(sound), atol=1e-6)


def test_a_sound_of_any_length_is_taken() -> None:
    assert [len(to_16_khz(bytes(size))) for size in (0, 1, 2, 6, 8)] == [0, 0, 2, 2, 4]
