"""Audio from the client: cut, decoded, cleaned, and judged for speech, in the order it came.

What is cleaned here is what everything behind hears and keeps: detector, transcriber, items of the
conversation, recordings.
"""

from collections.abc import Iterator

from msgspec import UnsetType

from vivavoce.core.inputs import AudioHeard
from vivavoce.interfaces import SpeechDetector, TrackSound
from vivavoce.media.echo import EchoCanceller
from vivavoce.media.formats import WireDecoder, wire_bytes_per_ms
from vivavoce.media.noise import NoiseReducer
from vivavoce.media.pcm import BYTES_PER_MS, Pcm
from vivavoce.protocol.audio_settings import AudioFormat, NoiseReduction
from vivavoce.runtime.response_job import pieces

PIECE_MS = 200
"""Whoever takes the pieces lets others run between them: one costs the loop about 1 ms."""


class AudioIntake:
    """Belongs to one session; synchronous."""

    def __init__(self, detector: SpeechDetector, *, cancels_echo: bool = True) -> None:
        """Wait for sound.

        Args:
            detector: fresh.
            cancels_echo: whether what is played is taken out of a call's microphone.
        """
        self._detector = detector
        self._cancels_echo = cancels_echo
        self._canceller: EchoCanceller | None = None
        self._format: AudioFormat | None = None
        self._decoder: WireDecoder | None = None
        self._reduction: NoiseReduction | None = None
        self._reducer: NoiseReducer | None = None

    def take_track(
        self, sound: TrackSound, reduction: NoiseReduction | None = None
    ) -> Iterator[AudioHeard]:
        """Yield what a call's microphone heard, without its echo, as `take` does."""
        heard = sound.heard
        if self._cancels_echo:
            self._canceller = self._canceller or EchoCanceller()
            self._canceller.play(sound.played)
            heard = self._canceller.push(heard)
        for piece in pieces(heard, PIECE_MS * BYTES_PER_MS):
            yield self._judged(piece, reduction)

    def take(
        self, data: bytes, format: AudioFormat, reduction: NoiseReduction | None = None
    ) -> Iterator[AudioHeard]:
        """Yield the audio of one append in pieces of at most `PIECE_MS`.

        Half a sample is carried over to the next append of the same format.

        Args:
            data: as it came.
            format: of it.
            reduction: effective settings of the noise reduction; None: none.
        """
        if self._decoder is None or format != self._format:
            self._format, self._decoder = format, WireDecoder(format)
        for piece in pieces(data, PIECE_MS * wire_bytes_per_ms(format)):
            if samples := self._decoder.push(piece):
                yield self._judged(samples, reduction)

    def _judged(self, samples: bytes, reduction: NoiseReduction | None) -> AudioHeard:
        if reduction != self._reduction:
            self._reduction, self._reducer = reduction, _reducer(reduction)
        if self._reducer is not None:
            samples = self._reducer.push(samples)
        return AudioHeard(samples, tuple(self._detector.push(Pcm(samples))))


def _reducer(reduction: NoiseReduction | None) -> NoiseReducer | None:
    if reduction is None:
        return None
    assert not isinstance(reduction.strength, UnsetType)  # effective settings have every member
    return NoiseReducer(reduction.type, reduction.strength)
