"""From 24 kHz to the 16 kHz that speech models hear: three samples in, two out, to the sample.

The streaming resampler of `media` holds some samples back; here 768 samples in are 512 out at
once, so a frame of speech detection never waits for the audio after it.
"""

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

FROM_SAMPLES = 768
"""Samples at 24 kHz of one frame of 32 ms."""
TO_SAMPLES = 512

_N_TAPS = 66
_PASS_HZ = 7_700  # the middle of the slope, which is 1.3 kHz wide
_KAISER_BETA = 5.5
_SCALE = np.float32(1 / 32_768)


def _filter() -> Samples:
    """Return the taps for each of the two samples made of three, [taps, 2]."""
    cycles_per_sample = _PASS_HZ / 24_000
    # The middle of the taps is where the first sample falls, the second lies 1.5 samples later.
    offsets = np.arange(_N_TAPS)[:, np.newaxis] - (_N_TAPS / 2 - 1) - np.array([0.0, 1.5])
    half_width = _N_TAPS / 2 + 1
    window = np.i0(_KAISER_BETA * np.sqrt(1 - (offsets / half_width) ** 2))
    taps = np.sinc(2 * cycles_per_sample * offsets) * window
    normal: Samples = (taps / taps.sum(axis=0)).astype(np.float32)
    return normal


_TAPS = _filter()


class ThreeToTwo:
    """One stream; what comes out does not depend on how the frames are grouped."""

    def __init__(self) -> None:
        self._recent = np.zeros(_N_TAPS - 3, np.float32)

    def push(self, frame: bytes) -> Samples:
        """Take 16-bit samples, a multiple of three; return two thirds as many, from -1 to 1."""
        fresh = np.frombuffer(frame, "<i2").astype(np.float32) * _SCALE
        heard = np.concatenate((self._recent, fresh))
        self._recent = heard[len(fresh) :]
        # The same as by `sliding_window_view(heard, _N_TAPS)[::3]`, in a quarter of the time.
        step = heard.itemsize
        windows = np.ndarray((len(fresh) // 3, _N_TAPS), np.float32, heard, 0, (3 * step, step))
        return (windows @ _TAPS).reshape(-1)


def to_16_khz(sound: bytes) -> Samples:
    """Return 16-bit samples at 24 kHz as floats at 16 kHz, the whole sound at once."""
    n_samples = len(sound) // 2
    if n_samples == 0:
        return np.zeros(0, np.float32)
    whole = sound[: n_samples * 2] + bytes(2 * (-n_samples % 3))
    return ThreeToTwo().push(whole)
