"""From 24 kHz sound in pieces of 20 ms to outgoing packets, with keys pressed in between.

Sequence and timestamps go on through changes of codec, of packet length and through holds, so that
the other side hears one stream. No clock and no sockets: it is called every 20 ms.
"""

import secrets
from collections import deque
from collections.abc import Iterator, Mapping

from msgspec import Struct

from vivavoce.media.pcm import BYTES_PER_SAMPLE, RATE_HZ
from vivavoce.transports.rtp.codecs import Codec, Encoder, new_encoder
from vivavoce.transports.rtp.dtmf import KEYS, EventPacket, digit_packets
from vivavoce.transports.rtp.packets import RtpPacket, build_rtp
from vivavoce.transports.rtp.resampling import PieceResampler

FRAME_MS = 20
PAUSE_FRAMES = 3
"""Sound between two keys: 60 ms."""


class OutgoingType(Struct, frozen=True, kw_only=True):
    """How the other side wants to be spoken to."""

    codec: Codec
    payload_type: int
    parameters: Mapping[str, str]
    """Of its `a=fmtp`."""
    packet_ms: int
    """10, 20, 40 or 60."""
    event_type: int | None
    """Payload type of telephone events; None: it takes none."""
    event_clock_hz: int


class AudioSender:
    """Belongs to one call."""

    def __init__(self) -> None:
        self.ssrc = secrets.randbits(32)
        self.n_packets = 0
        self.n_bytes = 0
        """Of payload."""
        self._sequence = secrets.randbits(15)  # half the range: SRTP wants the first wrap late
        self._timestamp = secrets.randbits(32)
        self._outgoing: OutgoingType | None = None
        self._encoder: Encoder | None = None
        self._resampler = PieceResampler(RATE_HZ, RATE_HZ)
        self._unsent = b""
        self._is_first = True
        self._digits: deque[str] = deque()
        self._event: Iterator[EventPacket] | None = None
        self._event_timestamp = 0
        self._n_pause_frames = 0

    @property
    def timestamp(self) -> int:
        """Of the next sound."""
        return self._timestamp & 0xFFFFFFFF

    @property
    def can_send_digits(self) -> bool:
        """Whether the other side takes telephone events."""
        return self._outgoing is not None and self._outgoing.event_type is not None

    @property
    def is_sending_digits(self) -> bool:
        """Whether keys wait or one is being pressed."""
        return bool(self._digits) or self._event is not None

    def set_type(self, outgoing: OutgoingType) -> None:
        """Speak like this from the next frame on."""
        before, self._outgoing = self._outgoing, outgoing
        if outgoing == before:
            return
        if before is None or (before.codec, before.parameters) != (
            outgoing.codec,
            outgoing.parameters,
        ):
            self._encoder = new_encoder(outgoing.codec, outgoing.parameters)
            self._resampler = PieceResampler(RATE_HZ, outgoing.codec.pcm_hz)
            self._unsent = b""
            self._event = None
            self._is_first = True
        if outgoing.event_type is None:
            self._digits.clear()
            self._event = None

    def press(self, digits: str) -> None:
        """Send these keys, one after the other; while one is pressed no frame is heard.

        Raises:
            ValueError: not all of them are keys, or the other side takes none.
        """
        if not self.can_send_digits:
            raise ValueError("the other side takes no telephone events")
        unknown = [digit for digit in digits.upper() if digit not in KEYS]
        if unknown:
            raise ValueError(f"no key of a telephone: {unknown[0]!r}")
        self._digits.extend(digits.upper())

    def resume(self) -> None:
        """Mark the next packet as the first after a silence."""
        self._is_first = True

    def skip(self) -> None:
        """Let 20 ms go by unsent: the other side holds us, or we hold it."""
        if self._outgoing is not None:
            self._timestamp += self._outgoing.codec.clock_hz * FRAME_MS // 1000

    def tick(self, frame: bytes) -> list[bytes]:
        """Return the packets of the next 20 ms: none, one, or some.

        Args:
            frame: 960 bytes of 24 kHz 16-bit mono; not heard while a key is being pressed.
        """
        outgoing = self._outgoing
        if outgoing is None or self._encoder is None:
            return []
        if self._event is None and self._digits and not self._n_pause_frames:
            digit = self._digits.popleft()
            self._event = digit_packets(digit, outgoing.event_clock_hz, FRAME_MS)
            self._event_timestamp = self._timestamp
            self._unsent = b""
        if self._event is not None and outgoing.event_type is not None:
            return self._event_packets(self._event, outgoing, outgoing.event_type)
        self._n_pause_frames = max(0, self._n_pause_frames - 1)
        return self._sound_packets(frame, outgoing, self._encoder)

    def _sound_packets(self, frame: bytes, outgoing: OutgoingType, encoder: Encoder) -> list[bytes]:
        self._unsent += self._resampler.push(frame)
        samples = encoder.rate_hz * outgoing.packet_ms // 1000
        size = samples * BYTES_PER_SAMPLE
        packets = []
        while len(self._unsent) >= size:
            payload = encoder.encode(self._unsent[:size])
            self._unsent = self._unsent[size:]
            packets.append(self._packet(outgoing.payload_type, self._timestamp, payload))
            self._timestamp += outgoing.codec.clock_hz * outgoing.packet_ms // 1000
        return packets

    def _event_packets(
        self, event: Iterator[EventPacket], outgoing: OutgoingType, event_type: int
    ) -> list[bytes]:
        packets = []
        for packet in event:
            self._is_first = packet.is_first
            packets.append(self._packet(event_type, self._event_timestamp, packet.payload))
            if not packet.is_repeat and not packet.payload[1] & 0x80:
                break
        else:
            self._event = None
            self._is_first = True
            self._n_pause_frames = PAUSE_FRAMES
        self._timestamp += outgoing.codec.clock_hz * FRAME_MS // 1000
        return packets

    def _packet(self, payload_type: int, timestamp: int, payload: bytes) -> bytes:
        packet = RtpPacket(
            payload_type,
            self._sequence & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            self.ssrc,
            payload,
            self._is_first,
        )
        self._is_first = False
        self._sequence += 1
        self.n_packets += 1
        self.n_bytes += len(payload)
        return build_rtp(packet)
