"""RTCP: reports on what was sent and received, and the goodbye; never raises on what comes in.

Source: RFC 3550, section 6. Other kinds of packets (feedback, extended reports) are passed over.
"""

import struct
from collections.abc import Iterator, Sequence

from msgspec import Struct

SENDER_REPORT = 200
RECEIVER_REPORT = 201
SOURCE_DESCRIPTION = 202
GOODBYE = 203
NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900, where NTP's time begins, to 1970."""

_REPORT = struct.Struct("!IIIIII")
_SENDER = struct.Struct("!IIIII")
_CNAME = 1


class ReceptionReport(Struct, frozen=True, kw_only=True):
    """What one side says of the packets it got from one source."""

    ssrc: int
    """The source it is about."""
    fraction_lost: int
    """Of 256, since the last report."""
    n_lost: int
    """In all; negative when packets came twice."""
    highest_sequence: int
    """With the number of wraps in the upper 16 bits."""
    jitter: int
    """Mean deviation of the spacing, in units of the timestamp."""
    last_sender_report: int = 0
    """The middle 32 bits of the NTP time of the last sender report; 0: none came."""
    delay: int = 0
    """Since that report, in 1/65536 s."""


class SenderReport(Struct, frozen=True, kw_only=True, tag=True):
    """What a source says of what it sent, and of what it got."""

    ssrc: int
    ntp_time: int
    """64 bits: seconds since 1900 in the upper half."""
    rtp_timestamp: int
    n_packets: int
    n_bytes: int
    reports: tuple[ReceptionReport, ...] = ()


class ReceiverReport(Struct, frozen=True, kw_only=True, tag=True):
    """What one that sends nothing says of what it got."""

    ssrc: int
    reports: tuple[ReceptionReport, ...] = ()


class Goodbye(Struct, frozen=True, kw_only=True, tag=True):
    """Sources that will send no more."""

    ssrcs: tuple[int, ...]


RtcpPacket = SenderReport | ReceiverReport | Goodbye


def parse_rtcp(data: bytes) -> list[RtcpPacket]:
    """Return the packets of a compound that are understood, up to the first damaged one."""
    packets: list[RtcpPacket] = []
    for kind, count, body in _bodies(data):
        packet = _parse(kind, count, body)
        if packet is not None:
            packets.append(packet)
    return packets


def build_report(report: SenderReport | ReceiverReport, cname: str) -> bytes:
    """Return a compound packet: the report and the name of its source."""
    blocks = b"".join(_report_bytes(block) for block in report.reports)
    if isinstance(report, SenderReport):
        kind = SENDER_REPORT
        head = report.ssrc.to_bytes(4) + _SENDER.pack(
            report.ntp_time >> 32,
            report.ntp_time & 0xFFFFFFFF,
            report.rtp_timestamp & 0xFFFFFFFF,
            report.n_packets & 0xFFFFFFFF,
            report.n_bytes & 0xFFFFFFFF,
        )
    else:
        kind = RECEIVER_REPORT
        head = report.ssrc.to_bytes(4)
    return _packet(kind, len(report.reports), head + blocks) + _description(report.ssrc, cname)


def build_goodbye(ssrc: int, cname: str) -> bytes:
    """Return a compound packet that ends a source."""
    report = build_report(ReceiverReport(ssrc=ssrc), cname)
    return report + _packet(GOODBYE, 1, ssrc.to_bytes(4))


def ntp_time(unix_ms: float) -> int:
    """Return a wall time as 64 bits of NTP."""
    return int((unix_ms / 1000 + NTP_EPOCH_S) * 2**32)


def _bodies(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        flags, kind, n_words = struct.unpack_from("!BBH", data, at)
        end = at + 4 + 4 * n_words
        if flags >> 6 != 2 or end > len(data):
            return
        n_padding = data[end - 1] if flags & 0x20 and n_words else 0
        yield kind, flags & 0x1F, data[at + 4 : max(at + 4, end - n_padding)]
        at = end


def _parse(kind: int, count: int, body: bytes) -> RtcpPacket | None:
    if kind == SENDER_REPORT and len(body) >= 4 + _SENDER.size:
        seconds, fraction, rtp_timestamp, n_packets, n_bytes = _SENDER.unpack_from(body, 4)
        return SenderReport(
            ssrc=int.from_bytes(body[:4]),
            ntp_time=seconds << 32 | fraction,
            rtp_timestamp=rtp_timestamp,
            n_packets=n_packets,
            n_bytes=n_bytes,
            reports=_reports(body[4 + _SENDER.size :], count),
        )
    if kind == RECEIVER_REPORT and len(body) >= 4:
        return ReceiverReport(ssrc=int.from_bytes(body[:4]), reports=_reports(body[4:], count))
    if kind == GOODBYE:
        n_sources = min(count, len(body) // 4)
        return Goodbye(
            ssrcs=tuple(int.from_bytes(body[4 * n : 4 * n + 4]) for n in range(n_sources))
        )
    return None


def _reports(data: bytes, count: int) -> tuple[ReceptionReport, ...]:
    n_whole = min(count, len(data) // _REPORT.size)
    return tuple(_reception_report(data, n * _REPORT.size) for n in range(n_whole))


def _reception_report(data: bytes, at: int) -> ReceptionReport:
    ssrc, lost, highest, jitter, last, delay = _REPORT.unpack_from(data, at)
    n_lost = lost & 0xFFFFFF
    return ReceptionReport(
        ssrc=ssrc,
        fraction_lost=lost >> 24,
        n_lost=n_lost - (1 << 24) if n_lost & 0x800000 else n_lost,
        highest_sequence=highest,
        jitter=jitter,
        last_sender_report=last,
        delay=delay,
    )


def _report_bytes(report: ReceptionReport) -> bytes:
    n_lost = max(-0x800000, min(0x7FFFFF, report.n_lost)) & 0xFFFFFF
    return _REPORT.pack(
        report.ssrc,
        report.fraction_lost << 24 | n_lost,
        report.highest_sequence & 0xFFFFFFFF,
        report.jitter & 0xFFFFFFFF,
        report.last_sender_report,
        report.delay & 0xFFFFFFFF,
    )


def _description(ssrc: int, cname: str) -> bytes:
    name = cname.encode()
    items = bytes((_CNAME, len(name))) + name
    padded = items + bytes(4 - len(items) % 4)  # ends with at least one zero
    return _packet(SOURCE_DESCRIPTION, 1, ssrc.to_bytes(4) + padded)


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def middle_of(ntp: int) -> int:
    """Return the 32 bits of an NTP time that reports refer to."""
    return ntp >> 16 & 0xFFFFFFFF


def round_trip_s(reports: Sequence[ReceptionReport], ssrc: int, now_ntp: int) -> float | None:
    """Return the seconds to the other side and back, from its report on us; None: it tells not."""
    for report in reports:
        if report.ssrc == ssrc and report.last_sender_report:
            taken = middle_of(now_ntp) - report.last_sender_report - report.delay & 0xFFFFFFFF
            return taken / 65_536 if taken < 1 << 31 else 0.0
    return None
