"""Takes the assistant's own voice out of a caller's microphone: WebRTC's echo canceller (AEC3).

What was handed to the listener comes back through the room 50 to 300 ms later and 12 to 30 dB
quieter, and would be taken for the caller's speech. The canceller finds the delay and the room by
itself, within half a second of speech. Figures: `python -m benchmarks echo`.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vivavoce.media.pcm import BYTES_PER_MS, BYTES_PER_SAMPLE, RATE_HZ

_FRAME_BYTES = 10 * BYTES_PER_MS
# Played sound waits this long for its echo, so that a microphone that is heard a little early finds
# it there. The shortest echo is longer, so it still meets its reference in time.
_LEAD_BYTES = 20 * BYTES_PER_MS
# Nobody hears the microphone while so much is played: it is muted, or the network is down.
_MOST_WAITING_BYTES = 200 * BYTES_PER_MS


class _Processor(Protocol):
    def process(
        self, near: NDArray[np.int16], far: NDArray[np.int16], /
    ) -> NDArray[np.int16]: ...


class EchoCanceller:
    """Cleans one call's microphone, 24 kHz 16-bit mono; synchronous, about 1 % of a core.

    Both directions are told in real time, in any order and in pieces of any length: `play` when a
    piece is handed to the listener, not when it was made; `push` when a piece was heard.
    """

    def __init__(self) -> None:
        # Loads a shared library of 1 MB.
        from pywebrtc_audio import AudioProcessor

        self._processor: _Processor = AudioProcessor(sample_rate=RATE_HZ, echo_cancellation=True)
        self._heard = bytearray()
        self._played = bytearray()

    def play(self, data: bytes) -> None:
        """Note whole samples that the listener now gets; silence need not be told."""
        if not self._played:
            self._played += bytes(_LEAD_BYTES)
        self._played += data
        if len(self._played) > _MOST_WAITING_BYTES:
            del self._played[: -_LEAD_BYTES - _FRAME_BYTES]

    def push(self, data: bytes) -> bytes:
        """Take whole samples of the microphone; return the 10 ms frames that they complete.

        The frames come out 5 ms late (see `DELAY_SAMPLES`), and besides that wait for nothing.
        """
        self._heard += data
        n_whole = len(self._heard) // _FRAME_BYTES * _FRAME_BYTES
        if not n_whole:
            return b""
        heard, self._heard = bytes(self._heard[:n_whole]), self._heard[n_whole:]
        played = bytes(self._played[:n_whole]).ljust(n_whole, b"\0")
        del self._played[:n_whole]
        near, far = np.frombuffer(heard, "<i2"), np.frombuffer(played, "<i2")
        return self._processor.process(near, far).astype("<i2").tobytes()
