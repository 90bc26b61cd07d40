from collections.abc import Sequence

import pytest

from vivavoce.errors import ToolError
from vivavoce.tools.files.server import (
    NO_DOCUMENTS,
    NOTHING_FOUND,
    FilesServer,
    Found,
    Shelf,
    describe,
    told,
)


def passage(text: str, filename: str = "a.md", start: int = 0, n_tokens: int = 50) -> Found:
    return Found(
        text=text,
        filename=filename,
        heading="Fruit > Apples",
        page=None,
        start=start,
        end=start + len(text),
        n_tokens=n_tokens,
    )


class Shelved:
    """Documents that are not there, or always answer the same."""

    def __init__(self, filenames: Sequence[str] = (), found: Sequence[Found] = ()) -> None:
        self._filenames = filenames
        self._found = found

    async def shelf(self) -> Shelf:
        return Shelf(stores=["the shop"], filenames=self._filenames)

    async def find(self, query: str, limit: int) -> Sequence[Found]:
        return self._found[:limit]


async def test_the_tool_tells_passages_with_their_sources() -> None:
    server = FilesServer(Shelved(["apples.md"], [passage("They are\nred.")]), 300)

    (tool,) = await server.list_tools()
    output = await server.call_tool("look_up", {"query": "What colour are apples?"})

    assert tool.name == "look_up"
    assert tool.description == "Find out about apples in the documents about the shop."
    assert output == "[a.md, Fruit, Apples] They are red."


async def test_without_documents_the_tool_says_so() -> None:
    server = FilesServer(Shelved(), 300)

    (tool,) = await server.list_tools()
    with pytest.raises(ToolError, match="no documents on this server") as refusal:
        await server.call_tool("look_up", {"query": "x"})

    assert "none yet" in tool.description
    assert refusal.value.message == NO_DOCUMENTS


@pytest.mark.parametrize(
    ("name", "arguments"), [("look", {"query": "x"}), ("look_up", {}), ("look_up", {"query": " "})]
)
async def test_what_the_model_made_up_is_refused(name: str, arguments: dict[str, object]) -> None:
    with pytest.raises(ToolError):
        await FilesServer(Shelved(["a.md"]), 300).call_tool(name, arguments)


def test_many_documents_are_not_all_named() -> None:
    assert "and 3 more" in describe(Shelf(stores=(), filenames=[f"{n}.md" for n in range(15)]))


def test_nothing_found_is_said() -> None:
    assert told([], 300) == NOTHING_FOUND


def test_as_much_is_told_as_there_is_room_for_and_the_last_is_cut_after_a_sentence() -> None:
    long = " ".join(f"Sentence number {n}." for n in range(40))
    found = [passage(long, f"{n}.md", n_tokens=160) for n in range(3)]

    lines = told(found, 300).splitlines()

    assert len(lines) == 2
    assert lines[0].endswith("number 39.")
    assert lines[1].endswith(".")
    assert len(lines[1]) < len(lines[0])


def test_a_passage_that_was_told_already_is_left_out() -> None:
    found = [passage("One. Two. Three."), passage("Two. Three. Four.", start=5)]

    assert told(found, 300).count("Two.") == 1
