from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.tools.files.cutting import Piece, cut
from vivavoce.tools.files.document import Document, Place
from vivavoce.tools.files.plain import read_markdown


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def pieces(text: str, max_tokens: int = 10, overlap_tokens: int = 4) -> list[Piece]:
    document = read_markdown(text.encode())
    return cut(document, words, max_tokens=max_tokens, overlap_tokens=overlap_tokens)


def test_a_short_section_is_one_passage_without_its_heading() -> None:
    (piece,) = pieces("# Shop\n\nIt opens at nine. It closes at six.")

    assert (piece.heading, piece.text) == ("Shop", "It opens at nine. It closes at six.")


def test_a_long_section_is_cut_between_sentences_which_overlap() -> None:
    found = pieces("One two three four. Five six seven. Eight nine ten eleven. Twelve thirteen.")

    assert [piece.text for piece in found] == [
        "One two three four. Five six seven.",
        "Five six seven. Eight nine ten eleven. Twelve thirteen.",
    ]


def test_a_passage_never_reaches_into_another_section_or_page() -> None:
    document = Document("One. Two.", (Place(0, "", 1), Place(5, "", 2)))

    found = cut(document, words, max_tokens=10, overlap_tokens=0)

    assert [(piece.text, piece.page) for piece in found] == [("One.", 1), ("Two.", 2)]


def test_lines_without_a_letter_are_no_passage() -> None:
    assert pieces("---\n\n***") == []


@given(
    text=st.text(st.sampled_from("ab.,!\n #-1é "), max_size=300),
    max_tokens=st.integers(3, 12),
    overlap=st.integers(0, 6),
)
def test_passages_are_places_of_the_text_and_never_too_long(
    text: str, max_tokens: int, overlap: int
) -> None:
    document = read_markdown(text.encode())
    found = cut(document, words, max_tokens=max_tokens, overlap_tokens=min(overlap, max_tokens))

    for piece in found:
        assert document.text[piece.start : piece.end] == piece.text
        assert piece.n_tokens <= max_tokens
    starts = [piece.start for piece in found]
    assert starts == sorted(set(starts))


@pytest.mark.parametrize("text", ["a" * 5_000, "word " * 5_000])
def test_what_has_no_sentences_is_cut_all_the_same(text: str) -> None:
    found = pieces(text, max_tokens=100, overlap_tokens=0)

    assert "".join(piece.text for piece in found).replace(" ", "") == text.replace(" ", "")
