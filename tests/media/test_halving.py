import numpy as np
import pytest

from vivavoce.media.halving import FROM_HZ, Halver

DELAY = 30
"""Samples at 48 kHz."""


def tone(hz: float, amplitude: int = 10_000, n_samples: int = FROM_HZ // 2) -> bytes:
    phase = 2 * np.pi * hz / FROM_HZ * np.arange(n_samples)
    return bytes((amplitude * np.sin(phase)).astype("<i2"))


def level(data: bytes) -> float:
    samples = np.frombuffer(data, "<i2")[200:].astype(float)
    return float(20 * np.log10(np.sqrt(np.mean(samples**2)) * np.sqrt(2) / 10_000 + 1e-9))


@pytest.mark.parametrize("n_samples", [1, 7, 480, 960, 2_000])
def test_the_result_does_not_depend_on_the_cuts(n_samples: int) -> None:
    data, halver = tone(440), Halver()

    pieces = [
        halver.push(data[at : at + 2 * n_samples]) for at in range(0, len(data), 2 * n_samples)
    ]

    assert b"".join(pieces) == Halver().push(data)


def test_each_10_ms_of_the_engine_come_out_at_once() -> None:
    halver = Halver()

    assert [len(halver.push(bytes(960))) for _ in range(3)] == [480, 480, 480]


def test_a_tone_keeps_its_pitch_and_phase_and_comes_two_thirds_of_a_ms_late() -> None:
    actual = np.frombuffer(Halver().push(tone(440)), "<i2")

    times = 2 * np.arange(len(actual)) - DELAY
    expected = 10_000 * np.sin(2 * np.pi * 440 / FROM_HZ * times)
    assert np.abs(actual - expected)[DELAY:].max() <= 2


@pytest.mark.parametrize("hz", [100, 1_000, 4_000, 9_500])
def test_speech_passes_unchanged(hz: int) -> None:
    assert level(Halver().push(tone(hz))) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("hz", [12_900, 16_000, 23_000])
def test_what_24_khz_cannot_hold_is_taken_out(hz: int) -> None:
    assert level(Halver().push(tone(hz))) < -58


def test_the_loudest_sound_is_clipped_and_does_not_wrap() -> None:
    square = np.repeat(np.array([32_767, -32_768] * 20, "<i2"), 120).tobytes()

    made = np.frombuffer(Halver().push(square), "<i2").astype(int)

    assert np.abs(np.diff(made.reshape(-1, 60)[1:, 20:40])).max() < 4_000
    assert made.max() == 32_767
    assert made.min() == -32_768


def test_nothing_gives_nothing() -> None:
    assert Halver().push(b"") == b""
