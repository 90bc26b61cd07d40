"""How a prompt is read into a slot: what is there already, and the pieces of the rest."""

from collections.abc import Sequence

from msgspec import Struct

from vivavoce.engines.language_models.llama_cpp.slots import common_length

PIECE_TOKENS = 64
"""A piece can't be interrupted: 0.4 s of the 0.5B model on two cores, 0.9 s of the 1.5B one."""

SHIFT_TOKENS = 32
"""Shortest run of tokens worth moving to another place in the cache."""

_ITEM_OPENING_TOKENS = 32  # two items may begin alike: `<|im_start|>user\n` and a clause


class ReadingPlan(Struct, frozen=True):
    """How to get the tokens of a prompt into a slot."""

    n_reused: int
    """How many need not be computed."""
    shifts: bool
    """Whether some of these lie at another place in the cache and are moved."""
    ends: tuple[int, ...]
    """Where pieces end that are read before the answer is asked for; the last one's rest is
    read with it."""


def plan_reading(cached: Sequence[int], tokens: Sequence[int], n_head: int) -> ReadingPlan:
    """Plan the reading of `tokens`, of which the first `n_head` are the head of the prompt.

    When the cache differs right behind the head, the oldest items were dropped (the context was
    truncated): what follows them is moved to its new place instead of being read again.
    """
    n_common = common_length(cached, tokens)
    n_reused, shifts = n_common, False
    if n_head > 0 and n_head <= n_common <= n_head + _ITEM_OPENING_TOKENS:
        n_reused = _shifted_end(cached, tokens, n_common)
        shifts = n_reused > n_common
    return ReadingPlan(n_reused, shifts, _ends(n_reused, len(tokens), n_head, shifts))


def _ends(start: int, total: int, n_head: int, shifts: bool) -> tuple[int, ...]:
    ends = [start] if shifts and start < total else []
    keeps_head = PIECE_TOKENS <= n_head < total  # by itself, for other sessions
    while total - start > PIECE_TOKENS or (keeps_head and start < n_head):
        end = start + PIECE_TOKENS
        start = min(end, n_head) if keeps_head and start < n_head else end
        ends.append(start)
    return tuple(ends)


def _shifted_end(cached: Sequence[int], tokens: Sequence[int], n_common: int) -> int:
    """Follow the runtime's own search for runs that can be moved; return where they end."""
    at, end = n_common, n_common
    while at < len(cached) and end < len(tokens):
        n_match = common_length(cached[at:], tokens[end:]) if cached[at] == tokens[end] else 0
        if n_match >= SHIFT_TOKENS:
            at += n_match
            end += n_match
        else:
            at += 1
    return end
