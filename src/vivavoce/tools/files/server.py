"""The tool server `files`: searches documents for a session, in words short enough for a voice."""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Protocol

from msgspec import Struct

from vivavoce.errors import ToolError
from vivavoce.interfaces import ListedTool
from vivavoce.tools.files.document import HEADING_JOINT

LOOK_UP = "look_up"
MAX_QUERY = 1_000
N_PASSAGES = 6
"""Asked for; as many are told as there is room for."""
N_NAMED = 12
"""Documents named in the tool's description."""
MIN_TRIMMED_TOKENS = 30
"""A shorter piece of a passage says nothing."""
HEADER_TOKENS = 20
"""Of the line that names a passage's source, about."""
NOTHING_FOUND = "The documents say nothing about that."
NO_DOCUMENTS = (
    "There are no documents on this server yet. Its operator adds them with "
    "`vivavoce files add FOLDER`."
)
_SENTENCE_END = re.compile(r"[.!?][\"')\]]*(?=\s|$)")


class Shelf(Struct, frozen=True, kw_only=True):
    """What there is to search."""

    stores: Sequence[str]
    """Names or descriptions of the vector stores, where they have some."""
    filenames: Sequence[str]


class Found(Struct, frozen=True, kw_only=True):
    """A passage and where it is from."""

    text: str
    filename: str
    heading: str
    page: int | None
    start: int
    end: int
    n_tokens: int


class Library(Protocol):
    """What the tool searches."""

    async def shelf(self) -> Shelf:
        """Say what there is."""
        ...

    async def find(self, query: str, limit: int) -> Sequence[Found]:
        """Return the best passages, best first.

        Raises:
            EngineError: it could not search.
            ToolError: the same, in words for the model.
        """
        ...


class FilesServer:
    """A `ToolServer`; holds nothing of its own."""

    def __init__(self, library: Library, answer_tokens: int) -> None:
        self._library = library
        self._answer_tokens = answer_tokens

    async def list_tools(self) -> tuple[ListedTool, ...]:
        """Return the one tool, which says what the documents are."""
        query = {"type": "string", "description": "What to look for, as a question or key words."}
        schema = {
            "type": "object",
            "properties": {"query": query},
            "required": ["query"],
            "additionalProperties": False,
        }
        return (
            ListedTool(
                name=LOOK_UP,
                description=describe(await self._library.shelf()),
                input_schema=schema,
                annotations={"title": "Search documents", "readOnlyHint": True},
            ),
        )

    async def call_tool(self, name: str, arguments: Mapping[str, object]) -> str:
        """Search; return a few passages, each with its source.

        Raises:
            ToolError: there is no such tool, nothing to search, or searching failed.
        """
        if name != LOOK_UP:
            raise ToolError(f"There is no tool '{name}' here, only '{LOOK_UP}'.")
        query = arguments.get("query")
        if not isinstance(query, str) or not query.strip():
            raise ToolError("The tool needs a 'query'.")
        if not (await self._library.shelf()).filenames:
            raise ToolError(NO_DOCUMENTS)
        found = await self._library.find(query.strip()[:MAX_QUERY], N_PASSAGES)
        return told(found, self._answer_tokens)

    async def close(self) -> None:
        """Do nothing: there is nothing to free."""


def describe(shelf: Shelf) -> str:
    """Say what the tool is good for.

    Subjects, not files, and no orders: so small models look up most of what they should, and least
    of what they should not.
    """
    if not shelf.filenames:
        return "Look something up in documents. There are none yet."
    names = ", ".join(PurePath(name).stem for name in shelf.filenames[:N_NAMED])
    if len(shelf.filenames) > N_NAMED:
        names += f" and {len(shelf.filenames) - N_NAMED} more"
    about = f" about {', '.join(shelf.stores)}" if shelf.stores else ""
    return f"Find out about {names} in the documents{about}."


def told(found: Sequence[Found], max_tokens: int) -> str:
    """Return passages with their sources, as many as there is room for; the last may be cut."""
    lines: list[str] = []
    chosen: list[Found] = []
    room = max_tokens
    for one in found:
        if any(_overlap(one, other) for other in chosen):
            continue
        room -= HEADER_TOKENS
        text = one.text if one.n_tokens <= room else _trimmed(one, room)
        if not text:
            break
        chosen.append(one)
        lines.append(f"[{source_of(one)}] {' '.join(text.split())}")
        room -= one.n_tokens
    return "\n".join(lines) or NOTHING_FOUND


def source_of(found: Found) -> str:
    """Return document and place of a passage, as one would say it."""
    parts = [found.filename]
    if found.heading:
        parts.append(found.heading.replace(HEADING_JOINT, ", "))  # it will be read aloud
    if found.page is not None:
        parts.append(f"page {found.page}")
    return ", ".join(parts)


def _overlap(one: Found, other: Found) -> bool:
    if one.filename != other.filename:
        return False
    common = min(one.end, other.end) - max(one.start, other.start)
    return common > (one.end - one.start) / 2


def _trimmed(one: Found, room: int) -> str:
    if room < MIN_TRIMMED_TOKENS:
        return ""
    text = one.text[: len(one.text) * room // one.n_tokens]
    ends = list(_SENTENCE_END.finditer(text))
    return text[: ends[-1].end()] if ends else ""
