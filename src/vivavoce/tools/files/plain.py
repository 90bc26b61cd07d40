"""Text and Markdown. Places in them are places in the file itself."""

import re

from vivavoce.tools.files.document import Document, Headings, Place, Unreadable, in_order

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_SIGNS = re.compile(r"[*_`]+|\[([^\]]*)\]\([^)]*\)")
MAX_STRANGE = 0.02
"""Share of control characters beyond which something is no text."""


def read_text(data: bytes) -> Document:
    """Read plain text.

    Raises:
        Unreadable: it is no text.
    """
    return Document(decode(data), (Place(0),))


def read_markdown(data: bytes) -> Document:
    """Read Markdown; its signs stay in the text, its headings are known.

    Raises:
        Unreadable: it is no text.
    """
    text = decode(data)
    places, headings = [Place(0)], Headings()
    start, fence = 0, None
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and fence in (None, mark[1]):
            fence = None if fence else mark[1]
        elif fence is None and (found := _HEADING.match(line.rstrip("\r\n"))) and found[2]:
            name = _SIGNS.sub(r"\1", found[2])
            places.append(Place(start, headings.entered(len(found[1]), name)))
        start += len(line)
    return Document(text, in_order(places))


def decode(data: bytes) -> str:
    """Return bytes as text: UTF-8 or UTF-16 with a mark, else Windows' Latin.

    Raises:
        Unreadable: it is no text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    strange = sum(1 for sign in text if sign < " " and sign not in "\t\n\r\f")
    if "\0" in text or strange + text.count("\ufffd") > MAX_STRANGE * len(text):
        raise Unreadable("it is no text: it holds control characters", code="unsupported_file")
    return text
