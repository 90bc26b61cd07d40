"""Which words are found in which texts, wherever the texts are cut."""

from collections.abc import Iterable
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.guards.scanning import Scan
from vivavoce.engines.guards.words import WordScanner, phrase_tree

FOUND = [
    ("price", "The PRICE is low."),
    ("Acme Corp", "AcmeCorp!"),
    ("Acme Corp", "acme-corp"),
    ("Acme", "A.C.M.E. is"),
    ("Acme", "a c m e"),
    ("Acme", "Acme's plan"),
    ("Acme", "**Ac**me"),
    ("Acme", "Ac\u00adme"),
    ("email", "E-mail me"),
    ("e-mail", "email"),
    ("café", "CAFE"),
    ("cafe", "cafe\u0301 is"),
    ("Müller", "Mueller"),
    ("Müller", "muller"),
    ("straße", "STRASSE"),
    ("911", "call nine one one"),
    ("911", "nine hundred and eleven"),
    ("42", "forty-two is"),
    ("R&D", "R and D"),
    ("don't", "don\u2019t"),
    ("US", "the U.S. is"),
    ("東京", "今東京は"),
]
NOT_FOUND = [
    ("price", "priceless"),
    ("price", "the prices"),
    ("hell", "he'll go"),
    ("bar", "foobar"),
    ("nowhere", "now here"),
    ("US", "U.S.A. is"),
    ("id", "I'd go"),
    ("foo", "fo"),
    ("Acme Corp", "Acme is no corp"),
]


@pytest.mark.parametrize(("phrase", "text"), FOUND)
def test_a_phrase_is_found_however_it_is_written(phrase: str, text: str) -> None:
    assert all(_is_found(phrase, text, size) for size in range(1, 9))


@pytest.mark.parametrize(("phrase", "text"), NOT_FOUND)
def test_other_words_are_not_taken_for_it(phrase: str, text: str) -> None:
    assert not any(_is_found(phrase, text, size) for size in range(1, 9))


@given(
    words=st.lists(
        st.sampled_from(["the", "acme", "corp", "price", "pri", "a", "-", "."]), max_size=12
    ),
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=30),
)
def test_where_a_text_is_cut_makes_no_difference(words: list[str], sizes: list[int]) -> None:
    text = " ".join(words)
    pieces, place = [], 0
    for size in cycle(sizes):
        if place >= len(text):
            break
        pieces.append(text[place : place + size])
        place += size

    assert _scan(pieces) == _scan([text])


TREE = phrase_tree(["acme corp", "price"])


def _scan(pieces: Iterable[str]) -> Scan:
    scanner = WordScanner(TREE)
    for piece in pieces:
        if (scan := scanner.push(piece, is_clause=False)).is_violated:
            return scan
    return scanner.end()


def _is_found(phrase: str, text: str, size: int) -> bool:
    scanner = WordScanner(phrase_tree([phrase]))
    for start in range(0, len(text), size):
        if scanner.push(text[start : start + size], is_clause=False).is_violated:
            return True
    return scanner.end().is_violated
