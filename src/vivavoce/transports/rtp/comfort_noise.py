"""The noise of the other side's room, described in a few bytes instead of sent (RFC 3389)."""

import numpy as np
import numpy.typing as npt

LOUDEST_DBOV = 30
"""Noise louder than -30 dB of full scale is no room's: it is limited to that."""
_FULL_SCALE = 32_768.0
_IMPULSE_SAMPLES = 64
_MAX_ORDER = 12
_TABLE_SAMPLES = 8_000  # a second at 8 kHz: long enough not to be heard to repeat

Samples = npt.NDArray[np.float32]


class ComfortNoise:
    """Makes the noise that one stream of descriptions asks for; until then silence."""

    def __init__(self) -> None:
        self._loop: Samples = np.zeros(_TABLE_SAMPLES, np.float32)
        self._at = 0

    def describe(self, payload: bytes) -> None:
        """Take the payload of a comfort noise packet: its level, then its spectrum if it says."""
        if not payload:
            return
        level_db = -max(payload[0] & 0x7F, LOUDEST_DBOV)
        shaped = _shaped(_WHITE, payload[1 : 1 + _MAX_ORDER])
        root_mean_square = float(np.sqrt(np.mean(shaped**2))) or 1.0
        # A sine at full scale has 0 dBov less 3.01 dB: the level is that of a square wave's RMS.
        target = _FULL_SCALE * 10 ** (level_db / 20)
        self._loop = (shaped * (target / root_mean_square)).clip(-32_768, 32_767)

    def make(self, n_samples: int) -> bytes:
        """Return noise, 16-bit mono, at the rate of the stream."""
        places = (self._at + np.arange(n_samples)) % _TABLE_SAMPLES
        self._at = (self._at + n_samples) % _TABLE_SAMPLES
        return self._loop[places].astype("<i2").tobytes()


def _shaped(white: Samples, codes: bytes) -> Samples:
    """Return noise with the spectrum of quantized reflection coefficients (section 3.2)."""
    if not codes:
        return white
    predictor = np.zeros(0)
    for code in codes:
        reflection = np.clip(258 * (code - 127) / 32_768, -0.98, 0.98)
        predictor = np.append(predictor + reflection * predictor[::-1], reflection)
    impulse = np.zeros(_IMPULSE_SAMPLES)
    impulse[0] = 1.0
    order = len(predictor)
    for n in range(1, _IMPULSE_SAMPLES):
        past = impulse[max(0, n - order) : n][::-1]
        impulse[n] = -float(np.dot(predictor[: len(past)], past))
    spectrum = np.fft.rfft(white) * np.fft.rfft(impulse, len(white))  # circular: it loops cleanly
    return np.fft.irfft(spectrum, len(white)).astype(np.float32)


_WHITE: Samples = np.random.default_rng(1).standard_normal(_TABLE_SAMPLES).astype(np.float32)
