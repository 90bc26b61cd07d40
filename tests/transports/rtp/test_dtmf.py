import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.transports.rtp.dtmf import (
    KEYS,
    DigitEnded,
    DigitEvent,
    DigitHeard,
    DtmfReceiver,
    digit_packets,
)


def told(*packets: tuple[int, bytes, float]) -> list[DigitEvent]:
    receiver = DtmfReceiver()
    events: list[DigitEvent] = []
    for timestamp, payload, now_s in packets:
        events += receiver.push(1, timestamp, payload, 8_000, now_s)
    return events


def payload(event: int, duration: int, *, is_end: bool = False) -> bytes:
    return bytes([event, is_end << 7 | 10]) + duration.to_bytes(2)


@pytest.mark.parametrize("digit", KEYS)
def test_a_key_that_is_sent_is_told_once_with_its_length(digit: str) -> None:
    packets = [(160, packet.payload, 0.0) for packet in digit_packets(digit, 8_000, 20)]

    assert told(*packets) == [
        DigitHeard(digit=digit, volume_dbm0=-10),
        DigitEnded(digit=digit, duration_ms=100),
    ]


def test_the_same_key_twice_is_told_twice() -> None:
    first = [(160, packet.payload, 0.0) for packet in digit_packets("5", 8_000, 20)]
    second = [(1_600, packet.payload, 0.1) for packet in digit_packets("5", 8_000, 20)]

    assert [event.digit for event in told(*first, *second)] == ["5"] * 4


def test_a_key_of_which_only_an_end_came_is_told() -> None:
    assert told((160, payload(3, 800, is_end=True), 0.0)) == [
        DigitHeard(digit="3", volume_dbm0=-10),
        DigitEnded(digit="3", duration_ms=100),
    ]


def test_a_key_whose_ends_were_lost_ends_with_the_next_one() -> None:
    events = told((160, payload(1, 400), 0.0), (1_600, payload(2, 160), 0.1))

    assert events == [
        DigitHeard(digit="1", volume_dbm0=-10),
        DigitEnded(digit="1", duration_ms=50),
        DigitHeard(digit="2", volume_dbm0=-10),
    ]


def test_a_key_whose_ends_were_lost_ends_by_itself() -> None:
    receiver = DtmfReceiver()
    receiver.push(1, 160, payload(1, 400), 8_000, 0.0)

    assert receiver.tick(0.39) == []
    assert receiver.tick(0.41) == [DigitEnded(digit="1", duration_ms=50)]
    assert receiver.tick(0.43) == []


def test_packets_of_an_older_key_that_come_late_are_passed_over() -> None:
    events = told(
        (160, payload(1, 800, is_end=True), 0.0),
        (1_600, payload(2, 160), 0.1),
        (160, payload(1, 800, is_end=True), 0.11),
    )

    assert [event.digit for event in events] == ["1", "1", "2"]


def test_events_that_are_no_keys_are_passed_over() -> None:
    assert told((160, payload(16, 160), 0.0), (320, b"\1", 0.1)) == []


@given(st.lists(st.tuples(st.integers(0, 0xFFFFFFFF), st.binary(max_size=8), st.just(0.0))))
def test_no_payloads_raise_and_every_end_has_its_beginning(
    packets: list[tuple[int, bytes, float]],
) -> None:
    pressed: str | None = None
    for event in told(*packets):
        if isinstance(event, DigitHeard):
            assert pressed is None
            pressed = event.digit
        else:
            assert pressed == event.digit
            pressed = None
