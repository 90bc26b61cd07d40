"""Pace without pitch."""

import numpy as np
import pytest

from vivavoce.media.pcm import BYTES_PER_MS, RATE_HZ
from vivavoce.media.tempo import Tempo


def tone(ms: int) -> bytes:
    n = np.arange(ms * RATE_HZ // 1000)
    sound: bytes = (np.sin(n * 2 * np.pi * 220 / RATE_HZ) * 8000).astype("<i2").tobytes()
    return sound


def at(speed: float, sound: bytes, piece_ms: int = 100) -> bytes:
    tempo, size = Tempo(speed), piece_ms * BYTES_PER_MS
    pieces = [tempo.push(sound[start : start + size]) for start in range(0, len(sound), size)]
    return b"".join([*pieces, tempo.flush()])


@pytest.mark.parametrize("speed", [0.25, 0.5, 1.25, 1.5])
def test_speech_is_as_much_shorter_as_it_is_faster(speed: float) -> None:
    length_ms = len(at(speed, tone(2000))) / BYTES_PER_MS

    assert length_ms == pytest.approx(2000 / speed, rel=0.03)


def test_the_pitch_stays() -> None:
    samples = np.frombuffer(at(1.5, tone(2000)), "<i2")
    loudest = np.argmax(np.abs(np.fft.rfft(samples))) * RATE_HZ / len(samples)

    assert loudest == pytest.approx(220, rel=0.02)


def test_at_speed_one_nothing_is_done() -> None:
    tempo = Tempo(1.0)

    assert tempo.push(b"abcd") == b"abcd"
    assert tempo.flush() == b""


def test_nothing_stays_nothing() -> None:
    assert Tempo(1.5).flush() == b""
