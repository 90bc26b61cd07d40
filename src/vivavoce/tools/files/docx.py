"""Word's DOCX: paragraphs, headings and tables, in their order."""

import io
import re
import zipfile
from collections.abc import Iterator

from vivavoce.tools.files.document import Block, Document, Unreadable, document_of_blocks

MAX_UNPACKED_BYTES = 200_000_000
MAX_MEMBERS = 10_000
_HEADING = re.compile(r"(?:heading|title) ?([1-9]?)", re.IGNORECASE)


def read_docx(data: bytes) -> Document:
    """Read a DOCX.

    Raises:
        Unreadable: it is broken, or unpacks to far too much.
    """
    _check_archive(data)
    import docx

    try:
        opened = docx.Document(io.BytesIO(data))
        blocks = list(_blocks(opened))
        title = opened.core_properties.title or ""
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise Unreadable(f"it is no DOCX that can be read ({reason})") from error
    return document_of_blocks(blocks, " ".join(title.split()))


def _check_archive(data: bytes) -> None:
    """Refuse bombs before anything is unpacked; zlib stops where a size was a lie."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Unreadable(f"it is no DOCX: {error}") from error
    if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED_BYTES:
        raise Unreadable(f"it unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB")
    if "word/document.xml" not in {member.filename for member in members}:
        raise Unreadable("it is no DOCX: word/document.xml is missing")


def _blocks(opened: object) -> Iterator[Block]:
    from docx.document import Document as Opened
    from docx.table import Table

    assert isinstance(opened, Opened)
    for part in opened.iter_inner_content():
        if isinstance(part, Table):
            for row in part.rows:
                cells = dict.fromkeys(cell.text.strip() for cell in row.cells)
                yield Block(" | ".join(cell for cell in cells if cell))
        else:
            style = part.style.name if part.style is not None else ""
            found = _HEADING.fullmatch(style or "")
            yield Block(part.text, level=int(found[1] or 1) if found else 0)
