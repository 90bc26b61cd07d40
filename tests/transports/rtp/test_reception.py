import pytest

from vivavoce.transports.rtp.packets import RtpPacket
from vivavoce.transports.rtp.reception import Reception
from vivavoce.transports.rtp.rtcp import ntp_time


def received(numbers: list[int], late_ms: float = 0.0) -> Reception:
    reception = Reception()
    for n in numbers:
        came_s = n * 0.02 + (late_ms / 1000 if n % 2 else 0.0)
        packet = RtpPacket(0, n & 0xFFFF, n * 160, 1, b"")
        reception.count(packet, 8_000, came_s)
    return reception


def test_nothing_is_reported_of_nobody() -> None:
    assert Reception().report(0.0) is None


def test_losses_are_counted_in_all_and_since_the_last_report() -> None:
    reception = received([n for n in range(100) if n % 4])

    first = reception.report(2.0)
    for n in range(100, 110):
        reception.count(RtpPacket(0, n, n * 160, 1, b""), 8_000, n * 0.02)
    second = reception.report(3.0)

    assert first is not None
    assert second is not None
    assert (first.n_lost, first.fraction_lost) == (24, 62)
    assert (second.n_lost, second.fraction_lost) == (24, 0)


def test_wraps_are_counted_in_the_highest_sequence() -> None:
    report = received(list(range(65_500, 65_600))).report(0.0)

    assert report is not None
    assert report.highest_sequence == 65_599
    assert report.n_lost == 0


def test_uneven_spacing_is_told_as_jitter() -> None:
    assert received(list(range(300))).jitter_ms == pytest.approx(0, abs=0.01)
    assert received(list(range(300)), late_ms=5).jitter_ms == pytest.approx(5, rel=0.05)


def test_another_source_begins_anew() -> None:
    reception = received([0, 5, 9])

    reception.count(RtpPacket(0, 40_000, 0, 2, b""), 8_000, 1.0)

    assert reception.n_lost == 0
    assert reception.n_packets == 4


def test_a_report_refers_to_the_last_one_of_the_source() -> None:
    reception = received([0, 1])
    reception.note_sender_report(1, ntp_time(0.0), 10.0)
    reception.note_sender_report(2, 0, 10.5)

    report = reception.report(12.0)

    assert report is not None
    assert report.last_sender_report == ntp_time(0.0) >> 16 & 0xFFFFFFFF
    assert report.delay == 2 * 65_536
