"""From the 48 kHz that calls are heard in to our 24 kHz, live: the half of the samples.

The general `Resampler` does the same at three times the cost, and each call needs it 50 times a
second.
"""

import numpy as np
from numpy.typing import NDArray

from vivavoce.media.pcm import BYTES_PER_SAMPLE

FROM_HZ = 48_000

_N_TAPS = 63
"""An odd number has a middle, so that the delay is whole samples: 30, 0.63 ms."""
_PASS_HZ = 11_200  # the middle of the slope, which is 2.7 kHz wide
_KAISER_BETA = 5.65  # what is above it is taken down by 60 dB

_BLOCK = 4
"""Samples made at once, by one row of a matrix product: the cheapest of those tried."""
_BLOCK_FROM = 2 * _BLOCK
_N_SEEN = _BLOCK_FROM - 2 + _N_TAPS
"""Samples that take part in a block."""
_N_RECENT = _N_SEEN - _BLOCK_FROM
_MOST_BLOCKS = 240
"""At once: 40 ms."""


def _filter() -> NDArray[np.float32]:
    """Return the taps of all samples of a block, [seen, made]."""
    offsets = np.arange(_N_TAPS) - _N_TAPS // 2
    taps = np.sinc(2 * _PASS_HZ / FROM_HZ * offsets) * np.kaiser(_N_TAPS, _KAISER_BETA)
    block = np.zeros((_N_SEEN, _BLOCK), np.float32)
    for number in range(_BLOCK):
        block[2 * number : 2 * number + _N_TAPS, number] = taps / taps.sum()
    return block


_TAPS = _filter()
_LEAST, _MOST = np.float32(-32768), np.float32(32767)


class Halver:
    """One stream of mono 16-bit sound; what comes out in all does not depend on the cuts."""

    def __init__(self) -> None:
        self._heard = np.zeros(_N_RECENT + _MOST_BLOCKS * _BLOCK_FROM, np.float32)
        size = self._heard.itemsize
        # A view made once: making it costs as much as what is done with it.
        self._blocks = np.lib.stride_tricks.as_strided(
            self._heard, (_MOST_BLOCKS, _N_SEEN), (_BLOCK_FROM * size, size), writeable=False
        )
        self._made = np.empty((_MOST_BLOCKS, _BLOCK), np.float32)
        self._pcm = np.empty((_MOST_BLOCKS, _BLOCK), "<i2")
        self._pending = b""

    def push(self, data: bytes) -> bytes:
        """Take whole samples; return what they complete, all but the last three at most."""
        if self._pending:
            data = self._pending + data
        n_blocks = len(data) // (_BLOCK_FROM * BYTES_PER_SAMPLE)
        n_bytes = n_blocks * _BLOCK_FROM * BYTES_PER_SAMPLE
        self._pending = data[n_bytes:]
        samples = np.frombuffer(data, "<i2", count=n_blocks * _BLOCK_FROM)
        most = _MOST_BLOCKS * _BLOCK_FROM
        if len(samples) <= most:
            return self._halved(samples)
        parts = (samples[at : at + most] for at in range(0, len(samples), most))
        return b"".join(map(self._halved, parts))

    def _halved(self, samples: NDArray[np.int16]) -> bytes:
        n_blocks, heard = len(samples) // _BLOCK_FROM, self._heard
        end = _N_RECENT + len(samples)
        heard[_N_RECENT:end] = samples
        made, pcm = self._made[:n_blocks], self._pcm[:n_blocks]
        np.dot(self._blocks[:n_blocks], _TAPS, out=made)
        np.rint(made, out=made)
        np.maximum(made, _LEAST, out=made)  # np.clip would take twice as long as both
        np.minimum(made, _MOST, out=made)
        pcm[:] = made
        heard[:_N_RECENT] = heard[end - _N_RECENT : end]
        return pcm.tobytes()
