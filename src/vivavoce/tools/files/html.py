"""HTML: what a reader sees of it, with its title and headings."""

import re
from collections.abc import Iterator
from typing import Any

from vivavoce.tools.files.document import Block, Document, Unreadable, document_of_blocks

_UNSEEN = frozenset(("script", "style", "template", "noscript", "head", "nav", "svg", "iframe"))
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body br caption dd details div dl dt fieldset figcaption "
        "figure footer form h1 h2 h3 h4 h5 h6 header hr html li main ol p pre section summary "
        "table tbody tfoot thead tr ul",
    )
)
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_CELLS = frozenset(("td", "th"))


def read_html(data: bytes) -> Document:
    """Read an HTML page.

    Raises:
        Unreadable: there is no page in it.
    """
    from lxml import etree, html  # type: ignore[import-untyped]  # it has no types

    parser = html.HTMLParser(encoding=_encoding(data), no_network=True, huge_tree=False)
    try:
        root = html.document_fromstring(data, parser=parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise Unreadable(f"it is no HTML that can be read: {error}") from error
    title = root.findtext(".//title") or ""
    return document_of_blocks(_blocks(root), " ".join(title.split()))


def _encoding(data: bytes) -> str | None:
    # A page that does not say is UTF-8 where it can be; else the parser guesses.
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _blocks(root: Any) -> Iterator[Block]:
    """Yield the text between the edges of blocks; lxml's elements have no types."""
    from lxml import etree

    gathered: list[str] = []
    level, unseen = 0, 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        name = element.tag if isinstance(element.tag, str) else ""
        is_start = event == "start"
        hides = name in _UNSEEN or not name
        if hides:
            unseen += 1 if is_start else -1
        if name in _BLOCKS and not unseen:
            yield Block(" ".join(gathered), level)
            gathered = []
            level = _LEVELS.get(name, 0) if is_start else 0
        text = element.text if is_start else element.tail
        if name in _CELLS and is_start and gathered:
            gathered.append("|")
        if text and text.strip() and not unseen:
            gathered.append(text)
    yield Block(" ".join(gathered), level)
