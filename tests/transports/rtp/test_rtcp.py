from hypothesis import given
from hypothesis import strategies as st

from vivavoce.transports.rtp.rtcp import (
    Goodbye,
    ReceiverReport,
    ReceptionReport,
    SenderReport,
    build_goodbye,
    build_report,
    middle_of,
    ntp_time,
    parse_rtcp,
    round_trip_s,
)

words = st.integers(0, 0xFFFFFFFF)
reception_reports = st.builds(
    ReceptionReport,
    ssrc=words,
    fraction_lost=st.integers(0, 255),
    n_lost=st.integers(-0x800000, 0x7FFFFF),
    highest_sequence=words,
    jitter=words,
    last_sender_report=words,
    delay=words,
)
some_reports = st.lists(reception_reports, max_size=3).map(tuple)
reports = st.one_of(
    st.builds(
        SenderReport,
        ssrc=words,
        ntp_time=st.integers(0, 2**64 - 1),
        rtp_timestamp=words,
        n_packets=words,
        n_bytes=words,
        reports=some_reports,
    ),
    st.builds(ReceiverReport, ssrc=words, reports=some_reports),
)


@given(reports, st.text("abcdef0123456789", min_size=1, max_size=20))
def test_a_report_is_read_as_it_was_written(
    report: SenderReport | ReceiverReport, cname: str
) -> None:
    data = build_report(report, cname)

    assert len(data) % 4 == 0
    assert parse_rtcp(data) == [report]


@given(st.binary(max_size=80), reports, st.integers(0, 80))
def test_no_bytes_raise(garbage: bytes, report: SenderReport | ReceiverReport, at: int) -> None:
    data = build_report(report, "x")

    parse_rtcp(garbage)
    parse_rtcp(data[:at] + garbage + data[at:])


def test_a_goodbye_names_its_source() -> None:
    packets = parse_rtcp(build_goodbye(7, "x"))

    assert packets == [ReceiverReport(ssrc=7), Goodbye(ssrcs=(7,))]


def test_other_kinds_of_packets_are_passed_over() -> None:
    feedback = b"\x81\xcd\x00\x02" + bytes(8)

    assert parse_rtcp(feedback + build_goodbye(7, "x"))[-1] == Goodbye(ssrcs=(7,))


def test_the_round_trip_is_what_is_left_without_the_other_sides_delay() -> None:
    sent, now = ntp_time(1_000.0), ntp_time(1_180.0)
    report = ReceptionReport(
        ssrc=7, fraction_lost=0, n_lost=0, highest_sequence=0, jitter=0,
        last_sender_report=middle_of(sent), delay=65_536 // 10,
    )  # fmt: skip

    taken = round_trip_s([report], 7, now)

    assert taken is not None
    assert abs(taken - 0.08) < 0.001
    assert round_trip_s([report], 8, now) is None
