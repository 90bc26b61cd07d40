"""Cuts a document into passages short enough for the embedding model.

A passage is whole sentences of one section; where a section needs several, they overlap. The
heading is embedded with each passage and counts.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from vivavoce.tools.files.document import HEADING_JOINT, Document, Place

CountTokens = Callable[[Sequence[str]], list[int]]
"""Of each text, as the embedding model counts."""

_LETTER = re.compile(r"\w")
_SENTENCE_END = re.compile(
    r"(?<=[.!?…])[\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9])"
    r"|\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)]|#|\|)\s)"
)
_WORD_END = re.compile(r"\s+")


class Piece(Struct, frozen=True, kw_only=True):
    """A passage to be."""

    text: str
    heading: str
    page: int | None
    start: int
    end: int
    n_tokens: int


class _Span(Struct, frozen=True):
    start: int
    end: int
    n_tokens: int


def cut(
    document: Document, count_tokens: CountTokens, *, max_tokens: int, overlap_tokens: int
) -> list[Piece]:
    """Return the passages of a document, in its order.

    Args:
        document: what to cut.
        count_tokens: how the embedding model counts, without signs of its own.
        max_tokens: of a passage, without its heading.
        overlap_tokens: of a passage, at most so many are said again in the next of its section.
    """
    pieces: list[Piece] = []
    for place, start, end in _sections(document):
        spans = _sentences(document.text, start, end, count_tokens, max_tokens)
        if spans and _says(document.text, spans[0], place.heading):
            spans = spans[1:]  # what the heading says already
        for first, last in _packed(spans, max_tokens, overlap_tokens):
            chosen = spans[first:last]
            begin, finish = chosen[0].start, chosen[-1].end
            text = document.text[begin:finish]
            if not _LETTER.search(text):
                continue
            pieces.append(
                Piece(
                    text=text,
                    heading=place.heading,
                    page=place.page,
                    start=begin,
                    end=finish,
                    n_tokens=sum(span.n_tokens for span in chosen),
                )
            )
    return pieces


def _sections(document: Document) -> Iterator[tuple[Place, int, int]]:
    """Yield stretches under one heading, on one page."""
    begin = document.places[0]
    for place in document.places[1:]:
        if (place.heading, place.page) != (begin.heading, begin.page):
            yield begin, begin.start, place.start
            begin = place
    yield begin, begin.start, len(document.text)


def _sentences(
    text: str, start: int, end: int, count_tokens: CountTokens, max_tokens: int
) -> list[_Span]:
    spans = list(_stripped(text, _split(text, start, end, _SENTENCE_END)))
    counts = count_tokens([text[a:b] for a, b in spans])
    result: list[_Span] = []
    for (a, b), n in zip(spans, counts, strict=True):
        if n <= max_tokens:
            result.append(_Span(a, b, n))
        else:
            result += _broken(text, a, b, count_tokens, max_tokens)
    return result


def _broken(
    text: str, start: int, end: int, count_tokens: CountTokens, max_tokens: int
) -> Iterator[_Span]:
    """Yield what is left of a monster of a sentence: words, and pieces of endless ones."""
    words = [
        (a, min(a + max_tokens, b))
        for first, b in _stripped(text, _split(text, start, end, _WORD_END))
        for a in range(first, b, max_tokens)
    ]
    counts = count_tokens([text[a:b] for a, b in words])
    for (a, b), n in zip(words, counts, strict=True):
        yield _Span(a, b, min(n, max_tokens))


def _split(text: str, start: int, end: int, edge: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    begin = start
    for found in edge.finditer(text, start, end):
        yield begin, found.start()
        begin = found.start()
    yield begin, end


def _stripped(text: str, spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, end in spans:
        piece = text[start:end]
        length = len(piece.strip())
        if length:
            begin = start + len(piece) - len(piece.lstrip())
            yield begin, begin + length


def _packed(
    spans: Sequence[_Span], max_tokens: int, overlap_tokens: int
) -> Iterator[tuple[int, int]]:
    """Yield first and end of the sentences of each passage."""
    first = 0
    while first < len(spans):
        last, n_tokens = first, 0
        while last < len(spans) and n_tokens + spans[last].n_tokens <= max_tokens:
            n_tokens += spans[last].n_tokens
            last += 1
        yield first, last
        if last == len(spans):
            return
        # What is said again must leave room for what is new.
        room = min(overlap_tokens, max_tokens - spans[last].n_tokens)
        first, before = last, first
        while first > before + 1 and spans[first - 1].n_tokens <= room:
            first -= 1
            room -= spans[first].n_tokens


def _says(text: str, span: _Span, heading: str) -> bool:
    return text[span.start : span.end].strip("# \t\r\n") == heading.rpartition(HEADING_JOINT)[2]
