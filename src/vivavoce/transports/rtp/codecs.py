"""The codecs of telephone calls: what they are called in SDP, and their coders.

Sound passes in the codec's own rate here; `sender` and `receiver` change it from and to 24 kHz.
"""

from array import array
from collections.abc import Callable, Mapping
from typing import Protocol

from G722 import G722  # type: ignore[import-not-found]  # a C extension without types
from msgspec import Struct

from vivavoce.media.g711 import a_law_to_pcm, mu_law_to_pcm, pcm_to_a_law, pcm_to_mu_law
from vivavoce.transports.rtp.concealment import Concealer
from vivavoce.transports.rtp.opus import (
    BITRATE,
    OpusDecoder,
    OpusEncoder,
    has_opus,
    opus_samples,
)
from vivavoce.transports.rtp.opus import RATE_HZ as OPUS_RATE_HZ
from vivavoce.transports.rtp.settings import CodecName

_G722_BITRATE = 64_000


class Codec(Struct, frozen=True, kw_only=True):
    """A way to write sound down."""

    name: CodecName
    encoding: str
    """Its name in `a=rtpmap`."""
    clock_hz: int
    """Unit of its timestamps, and its rate in `a=rtpmap`."""
    pcm_hz: int
    """Of the sound that goes in and comes out here."""
    channels: int = 1
    """In `a=rtpmap`; the sound is mono nevertheless."""
    payload_type: int
    """Fixed for the oldest codecs; for others the one that our offers use."""


class Decoder(Protocol):
    """Turns one stream of payloads into 16-bit mono; never raises on what comes in."""

    @property
    def rate_hz(self) -> int:
        """Rate of the sound that comes out."""
        ...

    def decode(self, payload: bytes) -> bytes:
        """Return the sound of a payload."""
        ...

    def conceal(self, n_samples: int, following: bytes | None) -> bytes:
        """Return sound in place of lost payloads; `following` is the one right behind them."""
        ...


class Encoder(Protocol):
    """Turns one stream of 16-bit mono into payloads."""

    @property
    def rate_hz(self) -> int:
        """Rate of the sound that goes in."""
        ...

    def encode(self, pcm: bytes) -> bytes:
        """Return the payload of 10, 20, 40 or 60 ms of sound."""
        ...


PCMU = Codec(name="pcmu", encoding="PCMU", clock_hz=8_000, pcm_hz=8_000, payload_type=0)
PCMA = Codec(name="pcma", encoding="PCMA", clock_hz=8_000, pcm_hz=8_000, payload_type=8)
# Its clock is 8 kHz by a mistake of long ago that was kept (RFC 3551, section 4.5.2).
G722_CODEC = Codec(name="g722", encoding="G722", clock_hz=8_000, pcm_hz=16_000, payload_type=9)
OPUS = Codec(
    name="opus",
    encoding="opus",
    clock_hz=48_000,
    pcm_hz=OPUS_RATE_HZ,
    channels=2,  # always two in SDP (RFC 7587, section 7)
    payload_type=96,
)
CODECS: Mapping[CodecName, Codec] = {codec.name: codec for codec in (OPUS, G722_CODEC, PCMU, PCMA)}


def usable(names: tuple[CodecName, ...]) -> tuple[Codec, ...]:
    """Return the codecs of these names that this machine has, in the same order."""
    return tuple(CODECS[name] for name in names if name != "opus" or has_opus())


def n_samples(codec: Codec, payload: bytes) -> int:
    """Return how many samples a payload holds, at `pcm_hz`; 0: none, or it is damaged."""
    match codec.name:
        case "opus":
            return opus_samples(payload)
        case "g722":
            return 2 * len(payload)
        case "pcmu" | "pcma":
            return len(payload)


def new_decoder(codec: Codec) -> Decoder:
    """Return a decoder for one stream."""
    match codec.name:
        case "opus":
            return OpusDecoder()
        case "g722":
            return _WaveformDecoder(codec.pcm_hz, _g722_decoder())
        case "pcmu":
            return _WaveformDecoder(codec.pcm_hz, mu_law_to_pcm)
        case "pcma":
            return _WaveformDecoder(codec.pcm_hz, a_law_to_pcm)


def new_encoder(codec: Codec, parameters: Mapping[str, str]) -> Encoder:
    """Return an encoder for one stream.

    Args:
        codec: what to write.
        parameters: what the other side said it wants (`a=fmtp`), as text.
    """
    match codec.name:
        case "opus":
            wanted = parameters.get("maxaveragebitrate", "")
            most = int(wanted) if wanted.isdecimal() and len(wanted) < 9 else BITRATE
            bitrate = max(6_000, min(BITRATE, most))  # the lowest and our own
            return OpusEncoder(bitrate, parameters.get("useinbandfec") == "1")
        case "g722":
            return _PlainEncoder(codec.pcm_hz, _g722_encoder())
        case "pcmu":
            return _PlainEncoder(codec.pcm_hz, pcm_to_mu_law)
        case "pcma":
            return _PlainEncoder(codec.pcm_hz, pcm_to_a_law)


class _WaveformDecoder:
    """For codecs that have no idea of what was lost."""

    def __init__(self, rate_hz: int, decode: Callable[[bytes], bytes]) -> None:
        self.rate_hz = rate_hz
        self._decode = decode
        self._concealer = Concealer(rate_hz)

    def decode(self, payload: bytes) -> bytes:
        return self._concealer.take(self._decode(payload))

    def conceal(self, n_samples: int, following: bytes | None) -> bytes:
        return self._concealer.conceal(n_samples)


class _PlainEncoder:
    def __init__(self, rate_hz: int, encode: Callable[[bytes], bytes]) -> None:
        self.rate_hz = rate_hz
        self.encode = encode


def _g722_decoder() -> Callable[[bytes], bytes]:
    coder = G722(CODECS["g722"].pcm_hz, _G722_BITRATE)

    def decode(payload: bytes) -> bytes:
        return bytes(memoryview(coder.decode(payload)).cast("B")) if payload else b""

    return decode


def _g722_encoder() -> Callable[[bytes], bytes]:
    coder = G722(CODECS["g722"].pcm_hz, _G722_BITRATE)

    def encode(pcm: bytes) -> bytes:
        encoded: bytes = coder.encode(array("h", pcm))
        return encoded

    return encode
