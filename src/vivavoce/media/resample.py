"""Change of sampling rate, for live streams and for whole sounds (libswresample, through PyAV)."""

import av
import numpy as np
from av.audio.resampler import AudioResampler

from vivavoce.media.pcm import BYTES_PER_SAMPLE, Pcm


class Resampler:
    """Changes the sampling rate of one stream of mono 16-bit sound.

    Its delay is constant (0.7 to 2 ms), and what comes out in all does not depend on how the
    stream was cut into pieces.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._from_hz = from_hz
        self._is_needed = from_hz != to_hz
        self._resampler = AudioResampler(format="s16", layout="mono", rate=to_hz)

    def push(self, data: bytes) -> bytes:
        """Take whole 16-bit samples; return what they complete, perhaps nothing."""
        if not self._is_needed or not data:
            return data
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(data, "<i2").reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = self._from_hz
        return _joined(self._resampler.resample(frame))

    def flush(self) -> bytes:
        """Return what was held back; the stream is over."""
        return _joined(self._resampler.resample(None)) if self._is_needed else b""


def resample(sound: Pcm, to_hz: int) -> Pcm:
    """Return the whole sound at another rate."""
    resampler = Resampler(sound.rate_hz, to_hz)
    whole = sound.data[: sound.n_samples * BYTES_PER_SAMPLE]
    return Pcm(resampler.push(whole) + resampler.flush(), to_hz)


def _joined(frames: list[av.AudioFrame]) -> bytes:
    # A plane may be padded; by way of an array, a frame of 20 ms would take half as long again.
    return b"".join(bytes(frame.planes[0])[: BYTES_PER_SAMPLE * frame.samples] for frame in frames)
