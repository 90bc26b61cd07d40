"""Silences what may be left of an echo: whatever is no louder than the echo can be.

A canceller lets some of the echo through while it is still learning the room, and again when it
loses its place. This learns one number only, how much quieter the echo is than the playback, and
closes unless something louder is heard: the caller.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from vivavoce.media.echo_watch import AUDIBLE

Frame = NDArray[np.int16]

_LOUDEST_COUPLING = 10**-0.9  # echo is at least 12 dB below the playback; 3 dB for its peaks
_LEARNING_FRAMES, _LEARNT_FRAMES, _RELEARN_FRAMES = 100, 300, 10
# Over three seconds the caller may speak for 0.3 s before the echo is thought to be louder.
_USUAL_SHARE, _PEAKS = 0.9, 10**0.3
_OPEN_FRAMES = 30  # the soft ends of the caller's words, after each loud one
_CLOSED = 0.03  # -30 dB
_FALL = 0.5  # a frame; 50 ms to close, without a click


class EchoGate:
    """Belongs to one microphone; takes frames of 10 ms, samples at 16-bit scale."""

    def __init__(self) -> None:
        self._couplings: deque[float] = deque(maxlen=_LEARNT_FRAMES)
        self._coupling = _LOUDEST_COUPLING
        self._n_learnt = 0
        self._n_open = 0
        self._gain = 1.0

    def push(self, loudest: float, heard: float, clean: Frame) -> bytes:
        """Return the clean frame, or silence if it may be echo.

        Args:
            loudest: power of the loudest playback that may come back just now.
            heard: power of the microphone.
            clean: its frame after a canceller.
        """
        wanted = 1.0
        if loudest > AUDIBLE:
            self._learn(heard / loudest)
            self._n_open = max(self._n_open - 1, 0)
            if power(clean) > loudest * self._coupling:
                self._n_open = _OPEN_FRAMES
            wanted = 1.0 if self._n_open else _CLOSED
        before, self._gain = self._gain, max(wanted, self._gain * _FALL)
        if before == self._gain == 1.0:
            return clean.tobytes()
        fading: NDArray[np.float32] | np.float32 = np.float32(before)
        if before != self._gain:
            fading = np.linspace(before, self._gain, len(clean), dtype=np.float32)
        return (clean * fading).astype("<i2").tobytes()

    def _learn(self, coupling: float) -> None:
        self._couplings.append(coupling)
        self._n_learnt += 1
        if len(self._couplings) >= _LEARNING_FRAMES and self._n_learnt % _RELEARN_FRAMES == 0:
            usual = _quantile(sorted(self._couplings), _USUAL_SHARE)
            self._coupling = min(usual * _PEAKS, _LOUDEST_COUPLING)


def _quantile(ascending: list[float], share: float) -> float:
    """Return what `np.quantile` does, which takes six times as long for so few."""
    place = share * (len(ascending) - 1)
    below = int(place)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (place - below) * (ascending[above] - ascending[below])


def power(frame: Frame) -> float:
    """Return the mean square of a frame, 16-bit scale."""
    samples = frame.astype(np.float32)
    return float(samples @ samples) / len(frame)
