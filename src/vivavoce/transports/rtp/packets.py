"""RTP packets as bytes and as values; what is not one gives None, never an error.

Source: RFC 3550, section 5; telling RTCP, DTLS and STUN apart on one port: RFC 5761, RFC 7983.
"""

import struct
from typing import Literal

from msgspec import Struct

HEADER_BYTES = 12
VERSION_BITS = 0x80
_HEADER = struct.Struct("!BBHII")
_RTCP_TYPES = range(192, 224)  # RFC 5761, section 4: no RTP payload type looks like these

Kind = Literal["rtp", "rtcp", "dtls", "other"]


class RtpPacket(Struct, frozen=True):
    """One packet, without header extension and contributing sources: nothing here needs them."""

    payload_type: int
    sequence: int
    """16 bits, wraps."""
    timestamp: int
    """32 bits, wraps; unit: the clock rate of the payload type."""
    ssrc: int
    payload: bytes
    marker: bool = False
    """The first of a talk spurt, or of a telephone event."""


def kind_of(data: bytes) -> Kind:
    """Return what a datagram on a media port is, by its first bytes."""
    if len(data) >= 2 and data[0] >> 6 == 2:
        return "rtcp" if data[1] in _RTCP_TYPES else "rtp"
    if data and 20 <= data[0] <= 63:
        return "dtls"
    return "other"


def parse_rtp(data: bytes) -> RtpPacket | None:
    """Return the packet in a datagram; None: it is none, or a damaged one."""
    if len(data) < HEADER_BYTES:
        return None
    flags, type_and_marker, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    if flags >> 6 != 2:
        return None
    start = HEADER_BYTES
    end = len(data)
    if flags & 0x3F:  # padding, extension or contributing sources: seldom
        start, end = _payload_bounds(data, flags)
    if start > end:
        return None
    return RtpPacket(
        type_and_marker & 0x7F,
        sequence,
        timestamp,
        ssrc,
        data[start:end],
        type_and_marker >= 0x80,
    )


def build_rtp(packet: RtpPacket) -> bytes:
    """Return the bytes of a packet; sequence number and timestamp are cut to their bits."""
    header = _HEADER.pack(
        VERSION_BITS,
        packet.payload_type | packet.marker << 7,
        packet.sequence & 0xFFFF,
        packet.timestamp & 0xFFFFFFFF,
        packet.ssrc,
    )
    return header + packet.payload


def _payload_bounds(data: bytes, flags: int) -> tuple[int, int]:
    """Return where the payload begins and ends; it begins after its end when data is damaged."""
    start = HEADER_BYTES + 4 * (flags & 0x0F)
    end = len(data)
    if flags & 0x10:
        if end < start + 4:
            return 1, 0
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4])
    if flags & 0x20:
        n_padding = data[-1]
        end = end - n_padding if n_padding else -1
    return start, end
