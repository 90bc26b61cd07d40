from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.language_models.llama_cpp.reading import (
    PIECE_TOKENS,
    SHIFT_TOKENS,
    plan_reading,
)

HEAD = list(range(1000, 1100))


def turns(first: int, last: int, opening: tuple[int, ...] = (1, 2)) -> list[int]:
    """Items that begin alike, each with 38 tokens of its own."""
    return [
        token
        for turn in range(first, last)
        for token in (*opening, *range(turn * 40, turn * 40 + 38))
    ]


@given(n_cached=st.integers(0, 400), n_tokens=st.integers(1, 400), n_head=st.integers(0, 400))
def test_pieces_are_short_and_leave_a_short_rest(n_cached: int, n_tokens: int, n_head: int) -> None:
    tokens = list(range(n_tokens))
    plan = plan_reading(tokens[:n_cached], tokens, min(n_head, n_tokens))

    edges = [plan.n_reused, *plan.ends, n_tokens]

    assert plan.n_reused == min(n_cached, n_tokens)
    assert all(0 <= end - start <= PIECE_TOKENS for start, end in pairwise(edges))


def test_a_piece_ends_where_the_head_does() -> None:
    tokens = [*HEAD, *turns(0, 5)]

    plan = plan_reading([], tokens, len(HEAD))

    assert len(HEAD) in plan.ends


def test_nothing_is_read_twice() -> None:
    tokens = [*HEAD, *turns(0, 5)]

    plan = plan_reading(tokens, [*tokens, 7], len(HEAD))

    assert (plan.n_reused, plan.shifts, plan.ends) == (len(tokens), False, ())


def test_when_the_oldest_items_were_dropped_the_rest_is_moved() -> None:
    cached = [*HEAD, *turns(0, 9)]
    tokens = [*HEAD, *turns(4, 9), 1, 2, 3]

    plan = plan_reading(cached, tokens, len(HEAD))

    assert plan.shifts
    assert plan.n_reused == len(tokens) - 3
    assert plan.ends == (plan.n_reused,)


def test_it_is_moved_although_the_items_begin_with_the_same_clause() -> None:
    opening = tuple(range(5000, 5020))
    tokens = [*HEAD, *turns(4, 9, opening)]

    plan = plan_reading([*HEAD, *turns(0, 9, opening)], tokens, len(HEAD))

    assert plan.n_reused == len(tokens)


def test_nothing_is_moved_when_an_item_in_the_middle_was_dropped() -> None:
    cached = [*HEAD, *turns(0, 9)]
    tokens = [*HEAD, *turns(0, 3), *turns(4, 9)]

    plan = plan_reading(cached, tokens, len(HEAD))

    assert not plan.shifts


def test_nothing_is_moved_behind_another_head() -> None:
    cached = [*HEAD, *turns(0, 9)]
    tokens = [*HEAD[:-5], 9, 9, *turns(4, 9)]

    plan = plan_reading(cached, tokens, len(HEAD) - 3)

    assert not plan.shifts


def test_a_short_run_is_not_worth_moving() -> None:
    run = list(range(5000, 5000 + SHIFT_TOKENS - 1))
    plan = plan_reading([*HEAD, 4, *run], [*HEAD, 5, *run], len(HEAD))

    assert not plan.shifts
