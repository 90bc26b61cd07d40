"""Sound in place of lost packets, for codecs that have no idea of their own of what was lost.

The last period of the voice is repeated and fades away; the first packet after the loss is blended
in. After the idea of ITU-T G.711, appendix I (09/1999), without its 3.75 ms of delay.
"""

import numpy as np
import numpy.typing as npt

HISTORY_MS = 40
FULL_MS = 10
"""How long the repeated sound keeps its level."""
FADED_MS = 60
"""After this nothing is left of it."""
BLEND_MS = 5
_LOWEST_HZ = 66
_HIGHEST_HZ = 200  # a shorter period sounds like a buzzer; two periods of a high voice do as well
_COMPARED_MS = 15

Samples = npt.NDArray[np.float32]


class Concealer:
    """Follows one stream of 16-bit mono sound, and goes on with it where it breaks off."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._n_history = rate_hz * HISTORY_MS // 1000
        self._history = b""
        self._period: Samples | None = None
        self._n_concealed = 0

    def take(self, pcm: bytes) -> bytes:
        """Take sound that came; return it, blended with what was invented before it."""
        if self._period is not None:
            pcm = self._blended(pcm)
            self._period = None
        history = self._history + pcm
        self._history = history[-2 * self._n_history :]
        return pcm

    def conceal(self, n_samples: int) -> bytes:
        """Return sound in place of what was lost, quieter and quieter."""
        return self._invented(n_samples).astype("<i2").tobytes()

    def _invented(self, n_samples: int) -> Samples:
        if self._period is None:
            self._period = self._last_period()
            self._n_concealed = 0
        at = self._n_concealed + np.arange(n_samples)
        self._n_concealed += n_samples
        if not len(self._period):
            return np.zeros(n_samples, np.float32)
        ms = at * (1000 / self._rate_hz)
        gain = np.clip((FADED_MS - ms) / (FADED_MS - FULL_MS), 0, 1)
        return (self._period[at % len(self._period)] * gain).astype(np.float32)

    def _blended(self, pcm: bytes) -> bytes:
        n = min(self._rate_hz * BLEND_MS // 1000, len(pcm) // 2)
        if not n:
            return pcm
        came = np.frombuffer(pcm, "<i2", n).astype(np.float32)
        rise = np.linspace(0, 1, n, dtype=np.float32)
        # Once the invented sound has faded, this is a plain fade-in.
        blended = came * rise + self._invented(n) * (1 - rise)
        return blended.astype("<i2").tobytes() + pcm[2 * n :]

    def _last_period(self) -> Samples:
        sound = np.frombuffer(self._history, "<i2").astype(np.float32)
        shortest, longest = self._rate_hz // _HIGHEST_HZ, self._rate_hz // _LOWEST_HZ
        n_compared = self._rate_hz * _COMPARED_MS // 1000
        if len(sound) < longest + n_compared:
            return sound[:0]
        end = sound[-n_compared:]
        earlier = sound[-n_compared - longest : -shortest]
        # Position k of the result compares the end with the sound `longest - k` samples before.
        likeness = np.correlate(earlier, end, "valid")
        squares = np.concatenate(([0.0], np.cumsum(earlier.astype(np.float64) ** 2)))
        energy = squares[n_compared:] - squares[:-n_compared]
        best = int(np.argmax(likeness / np.sqrt(energy + 1.0)))
        return sound[-(longest - best) :]
