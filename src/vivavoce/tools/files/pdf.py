"""PDF: the text of each page, with its number."""

import io

from vivavoce.tools.files.document import Document, Place, Unreadable, in_order

MAX_PAGES = 5_000


def read_pdf(data: bytes) -> Document:
    """Read a PDF's text; pictures of text are not read.

    Raises:
        Unreadable: it is broken, encrypted, far too long, or holds no text.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("it is encrypted: store it without a password")
        if len(reader.pages) > MAX_PAGES:
            raise Unreadable(f"it has more than {MAX_PAGES} pages")
        title = (reader.metadata.title if reader.metadata else None) or ""
        pages = [page.extract_text() for page in reader.pages]
    except DependencyError as error:
        raise Unreadable("it is encrypted in a way that can't be read here") from error
    except Unreadable:
        raise
    except (PyPdfError, RecursionError) as error:
        raise Unreadable(f"it is no PDF that can be read: {error}") from error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise Unreadable(f"it is no PDF that can be read ({reason})") from error
    if not any(page.strip() for page in pages):
        raise Unreadable("it holds no text; pictures of text are not read")
    return _joined(pages, " ".join(title.split()))


def _joined(pages: list[str], title: str) -> Document:
    places, length = [], 0
    for number, page in enumerate(pages, 1):
        places.append(Place(length, title, number))
        length += len(page) + 2
    return Document("\n\n".join(pages), in_order(places))
