"""Packets go in as a network mangles them; what comes out is in order, and complete in time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.transports.rtp.jitter_buffer import (
    LONGEST_STALL_MS,
    LONGEST_WAIT_MS,
    Arrival,
    JitterBuffer,
    Lost,
    Piece,
    Silence,
)
from vivavoce.transports.rtp.packets import RtpPacket

STEP_S = 0.02


def packet(n: int, *, ssrc: int = 1, first: int = 0, timestamp: int | None = None) -> Arrival:
    at = n * 160 if timestamp is None else timestamp
    rtp = RtpPacket(0, first + n & 0xFFFF, at & 0xFFFFFFFF, ssrc, bytes([n & 0xFF]) * 160)
    return Arrival(rtp, "sound", 8_000, 20.0)


def event(n: int) -> Arrival:
    return Arrival(RtpPacket(101, n, 0, 1, b"\1\0\0\0"), "event", 8_000, 0.0)


def feed(
    buffer: JitterBuffer, arrivals: list[tuple[float, Arrival]], until_s: float
) -> list[Piece]:
    """Push each at its time and look every 20 ms, as a call does."""
    pieces: list[Piece] = []
    waiting = sorted(arrivals, key=lambda pair: pair[0])
    for tick in range(round(until_s / STEP_S) + 1):
        now_s = tick * STEP_S
        while waiting and waiting[0][0] <= now_s:
            came_s, arrival = waiting.pop(0)
            buffer.push(arrival, came_s)
            pieces += buffer.take(came_s)
        pieces += buffer.take(now_s)
    return pieces


def numbers(pieces: list[Piece]) -> list[int]:
    return [piece.packet.sequence for piece in pieces if isinstance(piece, Arrival)]


def lost_ms(pieces: list[Piece]) -> float:
    return sum(piece.ms for piece in pieces if isinstance(piece, Lost))


def silent_ms(pieces: list[Piece]) -> float:
    return sum(piece.ms for piece in pieces if isinstance(piece, Silence))


def test_what_comes_in_order_is_given_out_at_once() -> None:
    buffer = JitterBuffer()

    for n in range(50):
        buffer.push(packet(n), n * STEP_S)
        assert buffer.take(n * STEP_S) == [packet(n)]


def test_the_sequence_wraps() -> None:
    arrivals = [(n * STEP_S, packet(n, first=65_530)) for n in range(20)]

    pieces = feed(JitterBuffer(), arrivals, 0.38)

    assert numbers(pieces) == [(65_530 + n) % 65_536 for n in range(20)]
    assert lost_ms(pieces) == silent_ms(pieces) == 0


def test_two_that_overtake_each_other_are_put_in_order() -> None:
    order = [0, 1, 3, 2, 4, 5]
    arrivals = [(n * STEP_S, packet(number)) for n, number in enumerate(order)]

    pieces = feed(JitterBuffer(), arrivals, 0.1)

    assert numbers(pieces) == [0, 1, 2, 3, 4, 5]
    assert lost_ms(pieces) == 0


def test_what_is_lost_is_told_with_its_length_and_what_follows() -> None:
    arrivals = [(n * STEP_S, packet(n)) for n in range(10) if n not in (4, 5)]

    pieces = feed(JitterBuffer(), arrivals, 0.2)

    assert [piece for piece in pieces if isinstance(piece, Lost)] == [Lost(40.0, packet(6))]
    assert numbers(pieces) == [0, 1, 2, 3, 6, 7, 8, 9]


def test_a_packet_that_comes_twice_is_given_out_once() -> None:
    buffer = JitterBuffer()
    arrivals = [(n * STEP_S, packet(n)) for n in range(5)]

    pieces = feed(buffer, arrivals + arrivals, 0.1)

    assert numbers(pieces) == [0, 1, 2, 3, 4]
    assert buffer.n_duplicate == 5


def test_one_that_was_given_up_is_dropped_and_makes_the_next_wait_longer() -> None:
    buffer = JitterBuffer()
    arrivals = [(n * STEP_S, packet(n)) for n in range(10) if n != 3]

    pieces = feed(buffer, [*arrivals, (0.15, packet(3))], 0.2)

    assert 3 not in numbers(pieces)
    assert buffer.n_late == 1
    assert buffer.wait_ms > 60


def test_a_pause_that_was_sent_on_purpose_is_silence_of_its_own_length() -> None:
    arrivals = [(0.0, packet(0)), (1.0, packet(1, timestamp=8_000))]

    pieces = feed(JitterBuffer(), arrivals, 1.0)

    assert silent_ms(pieces) == pytest.approx(980)
    assert numbers(pieces) == [0, 1]


def test_a_stalled_line_goes_on_and_what_comes_later_is_not_dropped() -> None:
    arrivals = [(0.0, packet(0)), *((0.5, packet(n)) for n in range(1, 26))]

    pieces = feed(JitterBuffer(), arrivals, 0.5)

    assert numbers(pieces) == list(range(26))
    assert 380 <= silent_ms(pieces) <= 460
    assert all(piece.is_stall for piece in pieces if isinstance(piece, Silence))


def test_silence_during_a_telephone_event_is_no_stall() -> None:
    arrivals = [(0.0, packet(0)), *((n * STEP_S, event(n)) for n in range(1, 20))]

    pieces = feed(JitterBuffer(), [*arrivals, (0.4, packet(20))], 0.4)

    assert silent_ms(pieces) == pytest.approx(380)
    assert not any(piece.is_stall for piece in pieces if isinstance(piece, Silence))


def test_a_clock_that_was_set_anew_makes_no_gap() -> None:
    arrivals = [(n * STEP_S, packet(n)) for n in range(5)]
    arrivals += [(n * STEP_S, packet(n, timestamp=9_000_000 + n * 160)) for n in range(5, 10)]

    pieces = feed(JitterBuffer(), arrivals, 0.18)

    assert silent_ms(pieces) == 0
    assert numbers(pieces) == list(range(10))


def test_a_new_source_takes_over_when_the_old_one_is_silent() -> None:
    arrivals = [(n * STEP_S, packet(n)) for n in range(10)]
    arrivals += [(n * STEP_S, packet(n, ssrc=2, first=40_000)) for n in range(10, 30)]
    buffer = JitterBuffer()

    pieces = feed(buffer, arrivals, 0.58)

    assert buffer.ssrc == 2
    assert numbers(pieces) == [*range(10), *range(40_010, 40_030)]


def test_a_second_source_beside_the_first_is_not_heard() -> None:
    arrivals = [(n * STEP_S, packet(n)) for n in range(30)]
    arrivals += [(n * STEP_S + 0.001, packet(n, ssrc=2, first=40_000)) for n in range(10, 30)]

    assert numbers(feed(JitterBuffer(), arrivals, 0.6)) == list(range(30))


def test_a_sequence_that_jumps_is_a_new_beginning_when_a_second_packet_confirms_it() -> None:
    arrivals = [(n * STEP_S, packet(n)) for n in range(10)]
    arrivals += [(n * STEP_S, packet(n, first=30_000)) for n in range(10, 20)]

    pieces = feed(JitterBuffer(), arrivals, 0.4)

    assert numbers(pieces) == [*range(10), *range(30_010, 30_020)]


def test_a_line_that_is_uneven_counts_as_stalled_only_later() -> None:
    buffer = JitterBuffer()
    arrivals = [(n * STEP_S + (0.09 if n % 5 == 0 else 0.0), packet(n)) for n in range(100)]

    feed(buffer, arrivals, 2.2)

    assert 110 <= buffer.stall_ms <= LONGEST_STALL_MS


fates = st.lists(
    st.tuples(
        st.booleans(),  # lost
        st.integers(0, 400),  # ms late
        st.booleans(),  # twice
    ),
    min_size=1,
    max_size=60,
)


@given(fates, st.integers(0, 65_535), st.integers(0, 0xFFFFFFFF))
@settings(max_examples=100, deadline=None)
def test_order_and_time_hold_whatever_the_network_does(
    fates: list[tuple[bool, int, bool]], first: int, begin: int
) -> None:
    arrivals: list[tuple[float, Arrival]] = []
    for n, (is_lost, late_ms, is_twice) in enumerate(fates):
        sent = packet(n, first=first, timestamp=begin + n * 160)
        if not is_lost:
            arrivals.append((n * STEP_S + late_ms / 1000, sent))
        if is_twice:
            arrivals.append((n * STEP_S + late_ms / 700, sent))
    buffer = JitterBuffer()
    until_s = len(fates) * STEP_S + 1.5

    pieces = feed(buffer, arrivals, until_s)

    came = [(number - first) & 0xFFFF for number in numbers(pieces)]
    base = came[0] if came else 0
    order = [(number - base + 0x8000 & 0xFFFF) - 0x8000 for number in came]
    assert order == sorted(set(order))
    if arrivals:
        began_s = min(came_s for came_s, _ in arrivals)
        line_ms = 20.0 * len(came) + lost_ms(pieces) + silent_ms(pieces)
        # The network's delay may have grown, by what the last packet was late at most.
        allowed_ms = LONGEST_STALL_MS + 400 / 0.7 + 40
        assert line_ms >= (until_s - began_s) * 1000 - allowed_ms
        assert buffer.wait_ms <= LONGEST_WAIT_MS


@given(
    st.lists(
        st.tuples(
            st.integers(0, 100),
            st.integers(0, 0xFFFF),
            st.integers(0, 0xFFFFFFFF),
            st.integers(0, 3),
            st.sampled_from(["sound", "noise", "event"]),
            st.sampled_from([8_000, 48_000]),
        ),
        max_size=60,
    )
)
@settings(max_examples=200, deadline=None)
def test_no_packets_whatever_they_say_break_the_line(
    heads: list[tuple[int, int, int, int, str, int]],
) -> None:
    buffer = JitterBuffer()
    now_s, line_ms = 0.0, 0.0
    for wait_ms, sequence, timestamp, ssrc, kind, clock_hz in heads:
        now_s += wait_ms / 1000
        arrival = Arrival(
            RtpPacket(0, sequence, timestamp, ssrc, b""),
            kind,  # type: ignore[arg-type]  # one of the three
            clock_hz,
            20.0 if kind == "sound" else 0.0,
        )
        buffer.push(arrival, now_s)
        pieces = buffer.take(now_s)
        line_ms += lost_ms(pieces) + silent_ms(pieces)

    assert line_ms <= now_s * 1000 + 1_200 * len(heads)
