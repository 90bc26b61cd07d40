"""The two companded formats of telephony: mu-law and A-law, 8 bits for 13 or 14.

Source: ITU-T G.711 (11/1988), tables 1 and 2. Samples are scaled to 16 bits, as everywhere.
"""

import numpy as np
import numpy.typing as npt

_BIAS = 132  # 33 in the recommendation's 14 bits: makes every segment begin at a power of two
_LARGEST_MU_LAW = 32_635  # the largest magnitude that the bias does not push past 15 bits


def mu_law_to_pcm(data: bytes) -> bytes:
    """Return 16-bit little-endian samples, as many as `data` has bytes."""
    return _MU_LAW_TO_PCM[np.frombuffer(data, np.uint8)].tobytes()


def pcm_to_mu_law(data: bytes) -> bytes:
    """Return a byte for each 16-bit little-endian sample; `data` holds whole samples."""
    return _PCM_TO_MU_LAW[np.frombuffer(data, np.uint16)].tobytes()


def a_law_to_pcm(data: bytes) -> bytes:
    """Return 16-bit little-endian samples, as many as `data` has bytes."""
    return _A_LAW_TO_PCM[np.frombuffer(data, np.uint8)].tobytes()


def pcm_to_a_law(data: bytes) -> bytes:
    """Return a byte for each 16-bit little-endian sample; `data` holds whole samples."""
    return _PCM_TO_A_LAW[np.frombuffer(data, np.uint16)].tobytes()


def _mu_law_decoder() -> npt.NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.uint8)
    segment = (code >> 4 & 7).astype(np.int32)
    magnitude = ((((code & 15).astype(np.int32) << 3) + _BIAS) << segment) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _mu_law_encoder() -> npt.NDArray[np.uint8]:
    sample = _all_samples()
    magnitude = np.minimum(np.abs(sample), _LARGEST_MU_LAW) + _BIAS
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    code = segment << 4 | (magnitude >> segment + 3 & 15)
    inverted: npt.NDArray[np.int32] = ~(code | np.where(sample < 0, 0x80, 0)) & 0xFF
    return inverted.astype(np.uint8)


def _a_law_decoder() -> npt.NDArray[np.int16]:
    code = np.arange(256, dtype=np.uint8) ^ 0x55  # even bits are inverted on the line
    segment = (code >> 4 & 7).astype(np.int32)
    step = (code & 15).astype(np.int32) << 4
    magnitude = np.where(segment == 0, step + 8, (step + 264) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _a_law_encoder() -> npt.NDArray[np.uint8]:
    sample = _all_samples()
    # Negative samples are mirrored with ones' complement, so that -1 is the mirror of 0.
    magnitude = np.where(sample < 0, ~sample, sample)
    segment = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 7, 0)
    code = segment << 4 | (magnitude >> np.maximum(segment, 1) + 3 & 15)
    inverted: npt.NDArray[np.int32] = (code | np.where(sample < 0, 0, 0x80)) ^ 0x55
    return inverted.astype(np.uint8)


def _all_samples() -> npt.NDArray[np.int32]:
    """Return every 16-bit sample, in the order of its bits read as an unsigned number."""
    return np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)


_MU_LAW_TO_PCM = _mu_law_decoder()
_PCM_TO_MU_LAW = _mu_law_encoder()
_A_LAW_TO_PCM = _a_law_decoder()
_PCM_TO_A_LAW = _a_law_encoder()
