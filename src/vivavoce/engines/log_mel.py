"""The log-mel picture of a sound that Whisper and models made from it look at.

Source: "Robust Speech Recognition via Large-Scale Weak Supervision" (Whisper), section 2.2:
windows of 25 ms every 10 ms, 80 mel bands on Slaney's scale, the loudest 80 dB kept.
"""

from functools import cache

import numpy as np

from vivavoce.engines.three_to_two import Samples

RATE_HZ = 16_000
HOP_SAMPLES = 160
_N_FFT = 400
_N_BANDS = 80


def log_mel(samples: Samples) -> Samples:
    """Return [80, n] for at least 201 samples at 16 kHz, a column for each 160 of them."""
    padded = np.pad(samples, _N_FFT // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::HOP_SAMPLES]
    spectrum = np.fft.rfft(windows * _hann(), axis=-1)[:-1]
    power = spectrum.real**2 + spectrum.imag**2
    log_power = np.log10(np.maximum(power @ _bands(), 1e-10)).T
    picture: Samples = (np.maximum(log_power, log_power.max() - 8.0) + 4.0) / 4.0
    return np.ascontiguousarray(picture, np.float32)


@cache
def _hann() -> Samples:
    return np.hanning(_N_FFT + 1)[:-1].astype(np.float32)


@cache
def _bands() -> Samples:
    """Return triangles of equal area over the mel scale, [201, 80]."""
    edges_hz = _hz(np.linspace(0.0, _mel(RATE_HZ / 2), _N_BANDS + 2))
    bins_hz = np.linspace(0.0, RATE_HZ / 2, _N_FFT // 2 + 1)[:, np.newaxis]
    left, middle, right = edges_hz[:-2], edges_hz[1:-1], edges_hz[2:]
    rising = (bins_hz - left) / (middle - left)
    falling = (right - bins_hz) / (right - middle)
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (right - left)
    return np.asarray(triangles, np.float32)


# Slaney's scale is linear up to 1 kHz (15 mel), then logarithmic.
_LINEAR_MEL = 15.0
_HZ_PER_MEL = 200.0 / 3.0
_LOG_STEP = np.log(6.4) / 27.0


def _mel(hz: float) -> float:
    return float(_LINEAR_MEL + np.log(hz / 1_000.0) / _LOG_STEP)


def _hz(mel: np.ndarray) -> np.ndarray:
    logarithmic = 1_000.0 * np.exp(_LOG_STEP * (mel - _LINEAR_MEL))
    return np.where(mel < _LINEAR_MEL, mel * _HZ_PER_MEL, logarithmic)
