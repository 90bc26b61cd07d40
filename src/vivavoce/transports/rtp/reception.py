"""What arrived of one source and how evenly, for the reports to it.

Source: RFC 3550, sections 6.4.1 and A.3 (loss), A.8 (jitter).
"""

from vivavoce.transports.rtp.packets import RtpPacket
from vivavoce.transports.rtp.rtcp import ReceptionReport, middle_of


class Reception:
    """Counts the packets of one call; begins anew when their source changes."""

    def __init__(self) -> None:
        self.n_packets = 0
        """Of all sources together."""
        self._ssrc: int | None = None
        self._n_received = 0
        self._first = 0
        self._highest = 0
        """With the wraps in the upper bits, like the one above."""
        self._jitter = 0.0
        self._transit: float | None = None
        self._clock_hz = 0
        self._n_expected_before = 0
        self._n_received_before = 0
        self._sender_report: tuple[int, float] | None = None
        """The middle of its NTP time, and when it came."""

    @property
    def jitter_ms(self) -> float:
        """Mean deviation of the packets' spacing."""
        return self._jitter * 1000 / self._clock_hz if self._clock_hz else 0.0

    @property
    def n_lost(self) -> int:
        """Packets of the present source that never came; negative when some came twice."""
        return self._n_expected - self._n_received if self._ssrc is not None else 0

    def count(self, packet: RtpPacket, clock_hz: int | None, now_s: float) -> None:
        """Take note of a packet; `clock_hz` is None when its timestamp is not that of sound."""
        self.n_packets += 1
        if packet.ssrc != self._ssrc:
            self._begin(packet)
        step = (packet.sequence - self._highest + 0x8000 & 0xFFFF) - 0x8000
        if step > 3_000 or step < -3_000:
            self._begin(packet)
        elif step > 0:
            self._highest += step
        self._n_received += 1
        if clock_hz is not None:
            self._measure(packet.timestamp, clock_hz, now_s)

    def note_sender_report(self, ssrc: int, ntp: int, now_s: float) -> None:
        """Take note of a report of the source, to be referred to."""
        if ssrc == self._ssrc:
            self._sender_report = (middle_of(ntp), now_s)

    def report(self, now_s: float) -> ReceptionReport | None:
        """Return the report on the time since the one before; None: nothing came yet."""
        if self._ssrc is None:
            return None
        n_expected = self._n_expected - self._n_expected_before
        n_received = self._n_received - self._n_received_before
        self._n_expected_before, self._n_received_before = self._n_expected, self._n_received
        n_lost = n_expected - n_received
        last, delay = 0, 0
        if self._sender_report is not None:
            last = self._sender_report[0]
            delay = round((now_s - self._sender_report[1]) * 65_536)
        return ReceptionReport(
            ssrc=self._ssrc,
            fraction_lost=min(255, (n_lost << 8) // n_expected) if n_lost > 0 else 0,
            n_lost=self.n_lost,
            highest_sequence=self._highest,
            jitter=round(self._jitter),
            last_sender_report=last,
            delay=delay,
        )

    @property
    def _n_expected(self) -> int:
        return self._highest - self._first + 1

    def _begin(self, packet: RtpPacket) -> None:
        self._ssrc = packet.ssrc
        self._first = self._highest = packet.sequence
        self._n_received = self._n_expected_before = self._n_received_before = 0
        self._jitter = 0.0
        self._transit = None
        self._sender_report = None

    def _measure(self, timestamp: int, clock_hz: int, now_s: float) -> None:
        transit = now_s * clock_hz - timestamp
        if self._transit is not None and clock_hz == self._clock_hz:
            deviation = abs(transit - self._transit)
            if deviation < clock_hz:  # else the clock was set anew
                self._jitter += (deviation - self._jitter) / 16
        self._transit = transit
        self._clock_hz = clock_hz
