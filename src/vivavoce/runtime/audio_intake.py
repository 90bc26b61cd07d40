"""Audio from the client: cut, decoded, and judged for speech, in the order it came."""

from collections.abc import Iterator

from vivavoce.core.inputs import AudioHeard
from vivavoce.interfaces import SpeechDetector
from vivavoce.media.formats import WireDecoder, wire_bytes_per_ms
from vivavoce.media.pcm import Pcm
from vivavoce.protocol.session import AudioFormat
from vivavoce.runtime.response_job import pieces

PIECE_MS = 200
"""Whoever takes the pieces lets others run between them: one costs the loop about 1 ms."""


class AudioIntake:
    """Belongs to one session; synchronous."""

    def __init__(self, detector: SpeechDetector) -> None:
        self._detector = detector
        self._format: AudioFormat | None = None
        self._decoder: WireDecoder | None = None

    def take(self, data: bytes, format: AudioFormat) -> Iterator[AudioHeard]:
        """Yield the audio of one append in pieces of at most `PIECE_MS`.

        Half a sample is carried over to the next append of the same format.
        """
        if self._decoder is None or format != self._format:
            self._format, self._decoder = format, WireDecoder(format)
        for piece in pieces(data, PIECE_MS * wire_bytes_per_ms(format)):
            samples = self._decoder.push(piece)
            if samples:
                probabilities = self._detector.push(Pcm(samples))
                yield AudioHeard(samples, tuple(probabilities))
