import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.cascade.plain_words import PlainWords

MARKED = [
    ("**Bold**, *slanted*, __both__ and `code`.", "Bold, slanted, both and code."),
    ("# A title\nSome text", "A title\nSome text"),
    ("- one\n- two\n* three\n1. four\n2) five", "one\ntwo\nthree\nfour\nfive"),
    ("> quoted", "quoted"),
    ("See [the page](https://example.com) now.", "See the page now."),
    ("Look: ![a cat](cat.png)", "Look: a cat"),
    ("```python\nprint(1)\n```\nDone.", "\nprint(1)\n\nDone."),
    ("| a | b |\n|---|:--|\n| 1 | 2 |", "a b \n\n 1 2 "),
    ("~~old~~ new", "old new"),
    ("Hi \N{GRINNING FACE}!", "Hi !"),
    ("Good \N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-3} job", "Good job"),
]
PLAIN = [
    "It costs $5.20, that is -3 % or so.",
    "A name like snake_case stays.",
    "10 - 5 is 5, and 3 > 2.",
    "C# and #1 are fine.",
    "I said [sic] that.",
    "Wow! Really?",
    "It is ~5 km.",
    "你好，世界。",
]
SIGNS = st.text(alphabet=st.sampled_from("ab1 *_`#-|[]()!~>\n.:"), max_size=60)


def plain(text: str, n_at_once: int = 1) -> str:
    """Take the marks out of a text that is written a few characters at a time."""
    words = PlainWords()
    pieces = [text[at : at + n_at_once] for at in range(0, len(text), n_at_once)]
    return "".join(words.push(piece) for piece in pieces) + words.flush()


@pytest.mark.parametrize(("marked", "heard"), MARKED)
@pytest.mark.parametrize("n_at_once", [1, 3, 1000])
def test_marks_and_pictures_are_taken_out(marked: str, heard: str, n_at_once: int) -> None:
    assert plain(marked, n_at_once) == heard


@pytest.mark.parametrize("text", PLAIN)
@pytest.mark.parametrize("n_at_once", [1, 3, 1000])
def test_plain_text_stays_as_it_is(text: str, n_at_once: int) -> None:
    assert plain(text, n_at_once) == text


@pytest.mark.parametrize("text", ["Of course", "Sure, it is", "Hello!", "At 10:30."])
def test_ordinary_words_are_not_held_back(text: str) -> None:
    assert PlainWords().push(text) == text


@given(SIGNS, st.integers(1, 10))
def test_no_word_is_lost_or_invented(text: str, n_at_once: int) -> None:
    def letters(some: str) -> str:
        return "".join(character for character in some if character in "ab")

    # A line that opens a code block names its language; the address in a link is not spoken.
    if "```" not in text and "~~~" not in text and "](" not in text:
        assert letters(plain(text, n_at_once)) == letters(text)


@given(SIGNS, st.integers(1, 10))
def test_nothing_but_what_was_written_comes_out(text: str, n_at_once: int) -> None:
    assert set(plain(text, n_at_once)) <= set(text)
