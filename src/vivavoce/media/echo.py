"""Takes the assistant's own voice out of a caller's microphone: WebRTC's echo canceller (AEC3).

What is handed to the listener comes back through the room 50 to 300 ms later and 12 to 30 dB
quieter, and would be taken for the caller's speech. The canceller finds delay and room by itself,
within half a second of speech; a gate behind it silences what it leaves. Where no echo can be, both
are left out. Figures: `python -m benchmarks echo`.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vivavoce.media.echo_gate import EchoGate, power
from vivavoce.media.echo_watch import EchoWatch
from vivavoce.media.pcm import BYTES_PER_MS, RATE_HZ

_FRAME_BYTES = 10 * BYTES_PER_MS


class _Processor(Protocol):
    def process(self, near: NDArray[np.int16], far: NDArray[np.int16]) -> NDArray[np.int16]: ...


class EchoCanceller:
    """Cleans one call's microphone, 24 kHz 16-bit mono; synchronous, 1 % of a core while it works.

    Both directions are told in real time and without gaps, in pieces of any length: `play` when a
    piece is handed to the listener, not when it was made; `push` when a piece was heard.
    """

    def __init__(self) -> None:
        # Loads a shared library of 1 MB.
        from pywebrtc_audio import AudioProcessor

        self._processor: _Processor = AudioProcessor(sample_rate=RATE_HZ, echo_cancellation=True)
        self._watch = EchoWatch()
        self._gate = EchoGate()
        self._played = _Reference()
        self._heard = b""

    def play(self, data: bytes) -> None:
        """Note whole samples that the listener now gets, silence too."""
        self._played.add(data)

    def push(self, data: bytes) -> bytes:
        """Take whole samples of the microphone; return the 10 ms frames that they complete.

        They come out 9 ms late where an echo is looked for, and besides that wait for nothing.
        """
        waiting = self._heard + data
        n_whole = len(waiting) // _FRAME_BYTES * _FRAME_BYTES
        self._heard = waiting[n_whole:]
        if not n_whole:
            return b""
        played = self._played.take(n_whole)
        return b"".join(
            self._clean(waiting[at : at + _FRAME_BYTES], played[at : at + _FRAME_BYTES])
            for at in range(0, n_whole, _FRAME_BYTES)
        )

    def _clean(self, data: bytes, reference: bytes) -> bytes:
        heard, played = np.frombuffer(data, "<i2"), np.frombuffer(reference, "<i2")
        heard_power = power(heard)
        if not self._watch.push(power(played), heard_power):
            return data
        clean = self._processor.process(heard, played)
        return self._gate.push(self._watch.loudest, heard_power, clean)


class _Reference:
    """What was played and has not met its echo yet, so much of it that a late piece is no gap.

    Each piece waits less than the shortest echo needs to come back.
    """

    _LEAD_BYTES = 20 * BYTES_PER_MS
    _MOST_SPARE_BYTES = 30 * BYTES_PER_MS
    _MOST_LEFT_BYTES = 120 * BYTES_PER_MS
    """More than lateness can explain: the microphone was not heard for a while."""
    _MOST_BYTES = _LOOK_BYTES = 1000 * BYTES_PER_MS

    def __init__(self) -> None:
        self._waiting = bytearray(self._LEAD_BYTES)
        self._least_bytes = self._MOST_BYTES
        self._since_look_bytes = 0

    def add(self, data: bytes) -> None:
        self._waiting += data
        del self._waiting[: -self._MOST_BYTES]

    def take(self, n_bytes: int) -> bytes:
        """Return what was played so much earlier; silence for what was not told yet."""
        taken = bytes(self._waiting[:n_bytes]).ljust(n_bytes, b"\0")
        del self._waiting[:n_bytes]
        if len(self._waiting) > self._MOST_LEFT_BYTES:
            self._keep_lead_of(len(self._waiting))
        self._least_bytes = min(self._least_bytes, len(self._waiting))
        self._since_look_bytes += n_bytes
        if self._since_look_bytes >= self._LOOK_BYTES:
            if self._least_bytes > self._MOST_SPARE_BYTES:
                self._keep_lead_of(self._least_bytes)
            self._least_bytes, self._since_look_bytes = self._MOST_BYTES, 0
        return taken

    def _keep_lead_of(self, n_bytes: int) -> None:
        del self._waiting[: n_bytes - self._LEAD_BYTES]
