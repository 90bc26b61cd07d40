"""What a key has left."""

import pytest

from vivavoce.clock import Clock
from vivavoce.runtime.limits import KeyLimiter, KeyLimits, Limits


class SetClock(Clock):
    """Stands where it is put."""

    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> float:
        return self.at


def limiter(clock: Clock | None = None, **limits: int) -> KeyLimiter:
    return KeyLimiter(KeyLimits(**limits), clock or SetClock())


def test_without_limits_everything_goes_and_nothing_is_reported() -> None:
    free = limiter()

    free.use_tokens(10**9)

    assert free.has_room
    assert free.take_request() is None
    assert free.states() == ()


def test_sessions_beyond_the_limit_have_no_room_until_one_ends() -> None:
    one = limiter(sessions=1)

    with one.place():
        assert not one.has_room

    assert one.has_room


def test_requests_run_out_and_come_back_one_by_one() -> None:
    clock = SetClock()
    key = limiter(clock, requests_per_minute=2)

    first = [key.take_request() for _ in range(2)]
    refused = key.take_request()
    clock.at += 30
    after_half_a_minute = [key.take_request(), key.take_request()]

    assert first == [None, None]
    assert refused is not None
    assert refused.kind == "requests"
    assert refused.message.endswith("limit 2. Please try again in 30.0s.")
    assert after_half_a_minute[0] is None
    assert after_half_a_minute[1] is not None


def test_tokens_are_paid_afterwards_and_a_debt_is_filled_up_first() -> None:
    clock = SetClock()
    key = limiter(clock, tokens_per_minute=60)

    key.use_tokens(90)
    refused = key.take_request()
    clock.at += 29
    still_refused = key.take_request()
    clock.at += 2

    assert refused is not None
    assert refused.kind == "tokens"
    assert "31.0s" in refused.message
    assert still_refused is not None
    assert key.take_request() is None


def test_a_request_refused_for_its_tokens_is_not_counted() -> None:
    key = limiter(requests_per_minute=5, tokens_per_minute=10)
    key.use_tokens(10)

    key.take_request()

    assert [state.remaining for state in key.states()] == [5, 0]


def test_what_is_given_back_can_be_taken_again_but_is_never_more_than_the_limit() -> None:
    key = limiter(requests_per_minute=1)
    key.take_request()

    key.give_back_request()
    key.give_back_request()

    assert key.states()[0].remaining == 1


def test_the_state_says_when_all_is_there_again_and_never_shows_a_debt() -> None:
    clock = SetClock()
    key = limiter(clock, requests_per_minute=60, tokens_per_minute=600)
    key.take_request()
    key.use_tokens(700)

    requests, tokens = key.states()

    assert (requests.name, requests.limit, requests.remaining) == ("requests", 60, 59)
    assert requests.reset_seconds == pytest.approx(1)
    assert (tokens.name, tokens.remaining) == ("tokens", 0)
    assert tokens.reset_seconds == pytest.approx(70)


def test_nothing_is_gained_beyond_the_limit() -> None:
    clock = SetClock()
    key = limiter(clock, requests_per_minute=2)

    clock.at += 3600

    assert key.states()[0].remaining == 2


def test_a_key_keeps_its_limiter_and_may_have_limits_of_its_own() -> None:
    own = {"desk": KeyLimits(sessions=9)}
    limits = Limits(SetClock(), KeyLimits(sessions=1), own)

    with limits.of("mobile").place():
        assert not limits.of("mobile").has_room
        assert limits.of("other").has_room
        with limits.of("desk").place():
            assert limits.of("desk").has_room
