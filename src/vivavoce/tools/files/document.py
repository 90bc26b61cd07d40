"""What is read from a file: its text, and which heading and page each place of it belongs to."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

HEADING_JOINT = " > "

UnreadableCode = Literal["unsupported_file", "invalid_file"]


class Unreadable(Exception):  # noqa: N818 - an answer about a file, not an error of ours
    """A file that can't be read; the text says why, for whoever added it."""

    def __init__(self, message: str, *, code: UnreadableCode = "invalid_file") -> None:
        super().__init__(message)
        self.message = message
        self.code: UnreadableCode = code


class Place(Struct, frozen=True):
    """From `start` on, until the next place, the text stands under this heading, on this page."""

    start: int
    heading: str = ""
    """Title and headings, outermost first, joined by " > "."""
    page: int | None = None
    """From 1; None: there are no pages."""


class Document(Struct, frozen=True):
    """The text of a file; its places are in order, and the first begins at 0."""

    text: str
    places: tuple[Place, ...]


class Block(Struct, frozen=True):
    """A paragraph, a heading or a row of a table."""

    text: str
    level: int = 0
    """Of a heading, from 1; 0: this is none."""


def document_of_blocks(blocks: Iterable[Block], title: str = "") -> Document:
    """Join blocks to a document, one to a paragraph; headings stay in the text."""
    pieces: list[str] = []
    places = [Place(0, title)]
    headings, length = Headings(title), 0
    for block in blocks:
        text = " ".join(block.text.split())
        if not text:
            continue
        if block.level:
            places.append(Place(length, headings.entered(block.level, text)))
        pieces.append(text)
        length += len(text) + 2
    return Document("\n\n".join(pieces), in_order(places))


class Headings:
    """The headings above the place that was reached."""

    def __init__(self, title: str = "") -> None:
        self._title = title
        self._open: list[tuple[int, str]] = []

    def entered(self, level: int, text: str) -> str:
        """Go on below a heading; return the whole path, without a title said twice."""
        self._open = [*(one for one in self._open if one[0] < level), (level, text)]
        names = [name for _, name in self._open]
        if self._title and names[0] != self._title:
            names.insert(0, self._title)
        return HEADING_JOINT.join(names)


def in_order(places: Iterable[Place]) -> tuple[Place, ...]:
    """Return places without those that hold no text."""
    by_start = {place.start: place for place in places}
    return tuple(by_start.values())
