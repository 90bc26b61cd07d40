"""How long semantic_vad waits, and why."""

import pytest

from vivavoce.core.turn_ends import WAITS, Eagerness, TurnEnd, turn_end

MEDIUM = WAITS["medium"]
WHOLE, BROKEN_OFF, UNTOLD = "I am done.", "I want a", "seven of clubs"


@pytest.mark.parametrize(
    ("words", "probability", "expected"),
    [
        (WHOLE, 0.9, TurnEnd(1_200, "words_and_sound_complete")),
        (WHOLE, 0.1, TurnEnd(1_200, "words_complete")),
        (WHOLE, None, TurnEnd(1_200, "words_complete")),
        (BROKEN_OFF, 0.9, TurnEnd(4_000, "longest_wait")),
        (BROKEN_OFF, 0.1, TurnEnd(4_000, "longest_wait")),
        (UNTOLD, 0.9, TurnEnd(1_200, "sound_complete")),
        (UNTOLD, 0.1, TurnEnd(4_000, "longest_wait")),
        (UNTOLD, None, TurnEnd(4_000, "longest_wait")),
        (None, 0.9, TurnEnd(1_200, "sound_complete")),
        (None, None, TurnEnd(4_000, "longest_wait")),
        ("", 0.1, TurnEnd(4_000, "longest_wait")),
    ],
)
def test_words_count_first_and_the_sound_where_they_do_not_tell(
    words: str | None, probability: float | None, expected: TurnEnd
) -> None:
    assert turn_end(words, probability, MEDIUM, has_judge=True) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (WHOLE, TurnEnd(1_200, "words_complete")),
        (UNTOLD, TurnEnd(1_200, "words_complete")),
        (BROKEN_OFF, TurnEnd(4_000, "longest_wait")),
        (None, TurnEnd(4_000, "longest_wait")),
        ("", TurnEnd(4_000, "longest_wait")),
    ],
)
def test_without_a_model_the_words_decide_alone(words: str | None, expected: TurnEnd) -> None:
    assert turn_end(words, None, MEDIUM, has_judge=False) == expected


@pytest.mark.parametrize(
    ("eagerness", "complete_ms", "longest_ms"),
    [
        ("low", 2_400, 8_000),
        ("medium", 1_200, 4_000),
        ("auto", 1_200, 4_000),
        ("high", 600, 2_000),
    ],
)
def test_eagerness_sets_both_waits(eagerness: Eagerness, complete_ms: int, longest_ms: int) -> None:
    waits = WAITS[eagerness]

    assert turn_end(WHOLE, 0.9, waits, has_judge=True).wait_ms == complete_ms
    assert turn_end(BROKEN_OFF, 0.9, waits, has_judge=True).wait_ms == longest_ms
