"""The RTCP of one call: reports every five seconds, and what the other side's reports tell."""

import secrets

from vivavoce.clock import Clock
from vivavoce.transports.rtp.packets import RtpPacket
from vivavoce.transports.rtp.reception import Reception
from vivavoce.transports.rtp.rtcp import (
    Goodbye,
    ReceiverReport,
    SenderReport,
    build_goodbye,
    build_report,
    ntp_time,
    parse_rtcp,
    round_trip_s,
)
from vivavoce.transports.rtp.sender import AudioSender

INTERVAL_S = 5.0


class Reports:
    """Belongs to one call; makes and reads compound packets, without sockets."""

    def __init__(self, sender: AudioSender, clock: Clock) -> None:
        self.reception = Reception()
        self.round_trip_ms: float | None = None
        self.peer_loss: float | None = None
        """Share of our packets that the other side missed of late."""
        self.has_left = False
        """Whether the other side said goodbye."""
        self._sender = sender
        self._clock = clock
        self._cname = secrets.token_hex(8)  # tells nothing of the machine (RFC 7022)
        self._due_s: float | None = None
        self._n_sent_before = 0

    def count(self, packet: RtpPacket, clock_hz: int | None, now_s: float) -> None:
        """Take note of an RTP packet."""
        self.has_left = False
        self.reception.count(packet, clock_hz, now_s)

    def due(self, now_s: float) -> bytes | None:
        """Return the report that is to be sent now; None: not yet."""
        if self._due_s is None:
            self._due_s = now_s + self._interval_s() / 2
        if now_s < self._due_s:
            return None
        self._due_s = now_s + self._interval_s()
        return self._report(now_s)

    def goodbye(self) -> bytes:
        """Return the last packet of a call."""
        return build_goodbye(self._sender.ssrc, self._cname)

    def read(self, data: bytes, now_s: float) -> None:
        """Take a compound packet."""
        for packet in parse_rtcp(data):
            match packet:
                case SenderReport():
                    self.reception.note_sender_report(packet.ssrc, packet.ntp_time, now_s)
                    self._read_reports(packet)
                case ReceiverReport():
                    self._read_reports(packet)
                case Goodbye():
                    self.has_left = True

    def _read_reports(self, packet: SenderReport | ReceiverReport) -> None:
        for report in packet.reports:
            if report.ssrc == self._sender.ssrc:
                self.peer_loss = report.fraction_lost / 256
        taken_s = round_trip_s(packet.reports, self._sender.ssrc, ntp_time(self._clock.wall_ms()))
        if taken_s is not None:
            self.round_trip_ms = taken_s * 1000

    def _report(self, now_s: float) -> bytes:
        sender = self._sender
        received = self.reception.report(now_s)
        reports = () if received is None else (received,)
        has_sent = sender.n_packets > self._n_sent_before
        self._n_sent_before = sender.n_packets
        if not has_sent:
            return build_report(ReceiverReport(ssrc=sender.ssrc, reports=reports), self._cname)
        report = SenderReport(
            ssrc=sender.ssrc,
            ntp_time=ntp_time(self._clock.wall_ms()),
            rtp_timestamp=sender.timestamp,
            n_packets=sender.n_packets,
            n_bytes=sender.n_bytes,
            reports=reports,
        )
        return build_report(report, self._cname)

    def _interval_s(self) -> float:
        # Between half and one and a half of it, so that calls don't report all at once.
        return INTERVAL_S * (0.5 + secrets.randbelow(1000) / 1000)
