import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.transports.rtp.packets import RtpPacket, build_rtp, kind_of, parse_rtp

PACKET = RtpPacket(0, 7, 160, 0xDEADBEEF, b"sound", True)
HEADER = build_rtp(PACKET)[:12]

packets = st.builds(
    RtpPacket,
    st.integers(0, 127),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=200),
    st.booleans(),
)


@given(packets)
def test_a_packet_is_read_as_it_was_written(packet: RtpPacket) -> None:
    assert parse_rtp(build_rtp(packet)) == packet


@given(st.binary(max_size=60))
def test_no_bytes_raise(data: bytes) -> None:
    kind_of(data)
    parse_rtp(data)


@given(packets, st.integers(0, 63))
def test_no_flags_on_any_packet_raise(packet: RtpPacket, flags: int) -> None:
    data = build_rtp(packet)

    parse_rtp(bytes([0x80 | flags]) + data[1:])


def test_sources_extension_and_padding_are_left_out() -> None:
    data = bytes([0x80 | 0x20 | 0x10 | 2]) + HEADER[1:]
    data += bytes(8) + b"\xbe\xde\x00\x01" + bytes(4) + b"sound" + b"\0\0\3"

    assert parse_rtp(data) == PACKET


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEADER[:11],
        b"\x40" + HEADER[1:],
        bytes([0x80 | 1]) + HEADER[1:],
        bytes([0x90]) + HEADER[1:] + b"\0\0",
        bytes([0x90]) + HEADER[1:] + b"\0\0\0\x09",
        bytes([0xA0]) + HEADER[1:] + b"\0",
        bytes([0xA0]) + HEADER[1:] + b"\x30",
    ],
    ids=[
        "nothing", "short", "version 1", "sources missing", "extension cut", "extension missing",
        "no padding", "too much padding",
    ],
)  # fmt: skip
def test_what_is_damaged_is_no_packet(data: bytes) -> None:
    assert parse_rtp(data) is None


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (b"\x80\x00", "rtp"),
        (b"\x80\x80", "rtp"),
        (b"\x80\xc8", "rtcp"),
        (b"\x81\xcb", "rtcp"),
        (b"\x16\xfe", "dtls"),
        (b"\x00\x01", "other"),
        (b"", "other"),
    ],
)
def test_what_shares_a_port_is_told_apart(first: bytes, kind: str) -> None:
    assert kind_of(first) == kind
