"""What the end of a transcript says."""

import pytest

from vivavoce.core.sentence_ends import ending_of


@pytest.mark.parametrize(
    "text",
    [
        "He was not an ill-disposed young man.",
        "What is the capital of France?",
        "Stop!",
        "I think so.",
        "What is it for?",
        "Ten or so.",
        'She said "yes."',
        "请告诉我天气。",
        "What do you think of that.",
    ],
)
def test_a_sentence_with_its_mark_is_finished(text: str) -> None:
    assert ending_of(text) == "finished"


@pytest.mark.parametrize(
    "text",
    [
        "And so",
        "And so.",
        "So.",
        "I would like to",
        "I would like a",
        "I want the red one and.",
        "Um.",
        "Well, uh",
        "He might even have...",
        "He might even have…",
        "First,",
        "I mean -",
        "Ask what you can do for your",
        "unless to be rather selfish is",
    ],
)
def test_words_that_break_off_are_unfinished(text: str) -> None:
    assert ending_of(text) == "unfinished"


@pytest.mark.parametrize(
    "text", ["", "  ", '""', "10 of clubs", "go forward ten", "And so my fellow"]
)
def test_without_a_mark_the_words_do_not_tell(text: str) -> None:
    assert ending_of(text) == "open"
