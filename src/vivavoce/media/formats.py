"""Between the audio formats of the wire and the 24 kHz sound inside the server.

The formats are those of the protocol (20-session-config, "Audio formats"), told by the tag they
carry on the wire: sample arithmetic and wire objects do not know each other.
"""

from collections.abc import Callable
from typing import ClassVar, Protocol

from msgspec import Struct
from msgspec.structs import StructConfig

from vivavoce.media.g711 import a_law_to_pcm, mu_law_to_pcm, pcm_to_a_law, pcm_to_mu_law
from vivavoce.media.pcm import BYTES_PER_SAMPLE, RATE_HZ
from vivavoce.media.resample import Resampler


class AudioFormat(Protocol):
    """`PcmFormat`, `PcmuFormat` or `PcmaFormat` of the protocol."""

    __struct_config__: ClassVar[StructConfig]
    """Its `tag` is `audio/pcm`, `audio/pcmu` or `audio/pcma`."""


class WireDecoder:
    """Turns one stream of a wire format into 24 kHz 16-bit mono."""

    def __init__(self, format: AudioFormat) -> None:
        self._codec = _codec(format)
        self._resampler = Resampler(self._codec.rate_hz, RATE_HZ)
        self._part_of_sample = b""

    def push(self, data: bytes) -> bytes:
        """Take bytes as they come; return the samples they complete.

        Half a sample waits for its other half; G.711 comes 2 ms late.
        """
        data = self._part_of_sample + data
        n_whole = len(data) // self._codec.bytes_per_sample * self._codec.bytes_per_sample
        self._part_of_sample = data[n_whole:]
        return self._resampler.push(self._codec.to_pcm(data[:n_whole]))

    def flush(self) -> bytes:
        """Return what was held back; the stream is over. Half a sample is dropped."""
        return self._resampler.flush()


class WireEncoder:
    """Turns one stream of 24 kHz 16-bit mono into a wire format."""

    def __init__(self, format: AudioFormat) -> None:
        self._codec = _codec(format)
        self._resampler = Resampler(RATE_HZ, self._codec.rate_hz)

    def push(self, pcm: bytes) -> bytes:
        """Take whole samples; return the bytes they complete. G.711 comes 2 ms late."""
        return self._codec.from_pcm(self._resampler.push(pcm))

    def flush(self) -> bytes:
        """Return what was held back; the stream is over."""
        return self._codec.from_pcm(self._resampler.flush())


def decode(data: bytes, format: AudioFormat) -> bytes:
    """Return the whole sound as 24 kHz 16-bit mono."""
    decoder = WireDecoder(format)
    return decoder.push(data) + decoder.flush()


def encode(pcm: bytes, format: AudioFormat) -> bytes:
    """Return the whole 24 kHz 16-bit mono sound in a wire format."""
    encoder = WireEncoder(format)
    return encoder.push(pcm) + encoder.flush()


def wire_bytes_per_ms(format: AudioFormat) -> int:
    """Return how many bytes of a wire format a millisecond takes."""
    codec = _codec(format)
    return codec.rate_hz // 1000 * codec.bytes_per_sample


class _Codec(Struct, frozen=True):
    rate_hz: int
    bytes_per_sample: int
    to_pcm: Callable[[bytes], bytes]
    from_pcm: Callable[[bytes], bytes]


def _codec(format: AudioFormat) -> _Codec:
    return _CODECS[format.__struct_config__.tag]


def _as_it_is(data: bytes) -> bytes:
    return data


_CODECS: dict[str | int | None, _Codec] = {
    "audio/pcm": _Codec(RATE_HZ, BYTES_PER_SAMPLE, _as_it_is, _as_it_is),
    "audio/pcmu": _Codec(8_000, 1, mu_law_to_pcm, pcm_to_mu_law),
    "audio/pcma": _Codec(8_000, 1, a_law_to_pcm, pcm_to_a_law),
}
