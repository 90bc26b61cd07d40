from vivavoce.transports.rtp.latch import Latch
from vivavoce.transports.rtp.packets import RtpPacket

SAID = ("192.0.2.1", 4_000)
REAL = ("198.51.100.7", 5_000)
OTHER = ("203.0.113.9", 6_000)


def packet(n: int) -> RtpPacket:
    return RtpPacket(0, n, n * 160, 1, b"x")


def latch() -> Latch:
    made = Latch()
    made.announce(SAID)
    return made


def test_what_the_other_side_said_is_believed() -> None:
    made = latch()

    assert made.target == SAID
    assert made.admit(packet(0), SAID, 0.0, is_authentic=False) == [packet(0)]


def test_another_address_is_believed_after_four_in_a_row_and_nothing_of_it_is_lost() -> None:
    made = latch()

    admitted = [made.admit(packet(n), REAL, n * 0.02, is_authentic=False) for n in range(4)]

    assert admitted == [[], [], [], [packet(0), packet(1), packet(2), packet(3)]]
    assert made.target == REAL


def test_packets_that_do_not_follow_each_other_convince_nobody() -> None:
    made = latch()

    for n in range(20):
        assert made.admit(packet(n * 2), REAL, n * 0.02, is_authentic=False) == []
    assert made.n_refused == 20


def test_nobody_takes_over_while_the_right_one_talks() -> None:
    made = latch()

    for n in range(50):
        made.admit(packet(n), SAID, n * 0.02, is_authentic=False)
        assert made.admit(packet(n), OTHER, n * 0.02, is_authentic=False) == []
    assert made.target == SAID


def test_a_caller_who_moves_is_followed_once_the_old_address_is_silent() -> None:
    made = latch()
    made.admit(packet(0), SAID, 0.0, is_authentic=False)

    admitted = [
        len(made.admit(packet(n), REAL, n * 0.02, is_authentic=False)) for n in range(1, 12)
    ]

    assert made.target == REAL
    assert sum(admitted) >= 8


def test_one_that_knows_the_key_is_followed_at_once() -> None:
    made = latch()
    made.admit(packet(0), SAID, 0.0, is_authentic=True)

    assert made.admit(packet(1), REAL, 0.02, is_authentic=True) == [packet(1)]
    assert made.target == REAL
