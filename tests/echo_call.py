"""A call in which the assistant's voice comes back through the caller's microphone, as sound.

All sounds are 24 kHz float samples at 16-bit scale. A call has one playback and one microphone of
the same length; nothing here takes real time.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.recordings import recording
from vivavoce.core.turn_detector import SpeechStarted, TurnDetector
from vivavoce.interfaces import FRAME_MS, SpeechDetector
from vivavoce.media.echo import EchoCanceller
from vivavoce.media.pcm import Pcm

Samples = NDArray[np.float64]

SAMPLES_PER_MS = 24
MICROPHONE_PIECE_MS, PLAYBACK_PIECE_MS = 10, 20
PAUSE_MS = 700
_MICROPHONE_NOISE = 3.0  # RMS, -81 dB: a good microphone in a quiet room


@dataclass(frozen=True)
class Echo:
    """How playback comes back; the issue asks for 50 to 300 ms and 12 to 30 dB."""

    delay_ms: int
    quieter_db: float
    reverberation_ms: int = 0
    """In which the room's reverberation falls by 60 dB; 0: the echo is a plain copy."""


ECHOES = tuple(Echo(50 + round(250 * i / 19), 12 + (7 * i) % 19) for i in range(20))
"""Twenty of them, over the whole range of both figures."""


def speech(name: str) -> Samples:
    """Return one of the recordings."""
    return np.frombuffer(recording(name).data, "<i2").astype(np.float64)


def answer(sound: Samples) -> Samples:
    """Return an answer as it is played: some silence, the sound, and some silence."""
    pause = np.zeros(PAUSE_MS * SAMPLES_PER_MS)
    return np.concatenate((pause, sound, pause, np.zeros(-len(sound) % 480)))


def microphone(playback: Samples, echo: Echo, near: Samples | None = None) -> Samples:
    """Return what the caller's microphone hears: the echo, its own noise and the near voice."""
    noise = np.random.default_rng(1).normal(0.0, _MICROPHONE_NOISE, len(playback))
    heard = _echo_of(playback, echo) + noise
    return heard if near is None else heard + near


def spoken_at(near: Samples, at_ms: int, length: int) -> Samples:
    """Return silence of `length` samples with a voice in it."""
    start = at_ms * SAMPLES_PER_MS
    whole = np.zeros(length)
    voice = near[: length - start]
    whole[start : start + len(voice)] = voice
    return whole


def cleaned(
    canceller: EchoCanceller, playback: Samples, heard: Samples, late_ms: int = 0, seed: int = 1
) -> Samples:
    """Return the microphone after the canceller, told in real time in both directions.

    Args:
        canceller: it keeps what it learned before.
        playback: what is handed to the listener.
        heard: the microphone.
        late_ms: each piece of both directions is told up to this much late, its order kept.
        seed: of that.
    """
    by_chance = np.random.default_rng(seed)
    told = _pieces(playback, PLAYBACK_PIECE_MS, late_ms, by_chance)
    told += [
        (at, -1, piece) for at, _, piece in _pieces(heard, MICROPHONE_PIECE_MS, late_ms, by_chance)
    ]
    clean = []
    for _, direction, piece in sorted(told, key=lambda one: one[:2]):
        if direction < 0:
            clean.append(canceller.push(piece))
        else:
            canceller.play(piece)
    return np.frombuffer(b"".join(clean), "<i2").astype(np.float64)


def turn_starts_ms(heard: Samples, detector: SpeechDetector, threshold: float = 0.5) -> list[int]:
    """Return when turns are found to start, in ms from the start of the sound."""
    turns, at_ms, starts = TurnDetector(threshold=threshold), 0, []
    for probability in detector.push(Pcm(pcm(heard))):
        at_ms += FRAME_MS
        if isinstance(turns.push(probability), SpeechStarted):
            starts.append(at_ms)
    return starts


def pcm(samples: Samples) -> bytes:
    """Return samples as bytes."""
    data: bytes = np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()
    return data


def _echo_of(playback: Samples, echo: Echo) -> Samples:
    back = playback
    if echo.reverberation_ms:
        back = np.convolve(playback, _room(echo.reverberation_ms))[: len(playback)]
    late = np.zeros(echo.delay_ms * SAMPLES_PER_MS)
    loudness: float = 10 ** (-echo.quieter_db / 20)
    return np.concatenate((late, back))[: len(playback)] * loudness


@cache
def _room(reverberation_ms: int) -> Samples:
    """Return the response of a small room to a click: one sharp click and a tail of noise."""
    n = reverberation_ms * SAMPLES_PER_MS
    fall = 10 ** (-3 * np.arange(n) / n)
    tail = np.random.default_rng(2).normal(0.0, 0.03, n) * fall
    tail[0] = 1.0
    response: Samples = tail / np.sqrt(np.sum(tail**2))
    return response


def _pieces(
    sound: Samples, piece_ms: int, late_ms: int, by_chance: np.random.Generator
) -> list[tuple[float, int, bytes]]:
    data, n = pcm(sound), piece_ms * SAMPLES_PER_MS * 2
    now, pieces = 0.0, []
    for index, start in enumerate(range(0, len(data), n)):
        now = max(now, index * piece_ms + late_ms * float(by_chance.random()))
        pieces.append((now, index, data[start : start + n]))
    return pieces
