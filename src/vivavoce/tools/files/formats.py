"""Which reader a file needs: its name says, and its first bytes must agree."""

from collections.abc import Callable, Mapping
from pathlib import PurePath

from vivavoce.tools.files.document import Document, Unreadable
from vivavoce.tools.files.docx import read_docx
from vivavoce.tools.files.html import read_html
from vivavoce.tools.files.pdf import read_pdf
from vivavoce.tools.files.plain import read_markdown, read_text

READERS: Mapping[str, Callable[[bytes], Document]] = {
    ".txt": read_text,
    ".text": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".html": read_html,
    ".htm": read_html,
}
MAGIC: Mapping[str, bytes] = {".pdf": b"%PDF-", ".docx": b"PK"}
"""What a file of a kind begins with. In a PDF it may stand anywhere in the first kilobyte."""
MAX_TEXT = 5_000_000
"""Characters of a document, some 2,500 pages."""


def is_readable_name(filename: str) -> bool:
    """Say whether a file of this name may be read."""
    return _kind(filename) in READERS


def read_document(filename: str, data: bytes) -> Document:
    """Read a file of any of the known formats.

    Raises:
        Unreadable: it can't be.
    """
    kind = _kind(filename)
    reader = READERS.get(kind)
    if reader is None:
        known = ", ".join(READERS)
        raise Unreadable(f"only {known} files are read", code="unsupported_file")
    _check_begin(kind, data)
    document = reader(data)
    if not document.text.strip():
        raise Unreadable("it holds no text")
    if len(document.text) > MAX_TEXT:
        raise Unreadable(f"it holds more than {MAX_TEXT:,} characters")
    return document


def _check_begin(kind: str, data: bytes) -> None:
    magic = MAGIC.get(kind)
    if magic is not None and magic not in data[:1024]:
        raise Unreadable(f"it is no {kind[1:].upper()}, whatever its name says")
    if magic is None and data.startswith((b"%PDF-", b"PK\x03\x04")):
        raise Unreadable(f"it is no {kind[1:].upper()}, whatever its name says")


def _kind(filename: str) -> str:
    return PurePath(filename).suffix.lower()
