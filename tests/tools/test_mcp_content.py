import pytest
from mcp_types import CallToolResult, TextContent

from vivavoce.tools.mcp_content import cut, result_text

TEXT = {"type": "text", "text": "sunny"}


def text_of(*content: object, **more: object) -> str:
    result = CallToolResult.model_validate({"content": list(content), **more})
    return result_text(result, 1000)


def test_texts_are_joined_by_lines() -> None:
    assert text_of(TEXT, {"type": "text", "text": "and warm"}) == "sunny\nand warm"


def test_nothing_is_an_empty_text() -> None:
    assert text_of() == ""


def test_structured_content_counts_where_there_is_no_text() -> None:
    assert text_of(structuredContent={"celsius": 21}) == '{"celsius":21}'
    assert text_of(TEXT, structuredContent={"celsius": 21}) == "sunny"


@pytest.mark.parametrize(
    ("block", "note"),
    [
        (
            {"type": "image", "data": "AAAA", "mimeType": "image/png"},
            "[image (image/png), 3 bytes, which can't be shown as text]",
        ),
        (
            {"type": "audio", "data": "AAAA", "mimeType": "audio/wav"},
            "[audio (audio/wav), 3 bytes, which can't be shown as text]",
        ),
        (
            {"type": "resource", "resource": {"uri": "a://b", "blob": "AAAA"}},
            "[resource a://b, 3 bytes, which can't be shown as text]",
        ),
        ({"type": "resource", "resource": {"uri": "a://b", "text": "words"}}, "words"),
        (
            {"type": "resource_link", "name": "report", "uri": "a://b", "description": "of May"},
            "[link to report, a://b: of May]",
        ),
        ({"type": "resource_link", "name": "report", "uri": "a://b"}, "[link to report, a://b]"),
    ],
)
def test_what_is_no_text_is_named_not_dropped(block: object, note: str) -> None:
    assert text_of(TEXT, block) == f"sunny\n{note}"


def test_a_long_text_is_cut_and_says_how_much_is_missing() -> None:
    result = CallToolResult(content=[TextContent(type="text", text="x" * 150)])

    assert result_text(result, 100) == "x" * 100 + "\n[cut off here: 50 more characters]"
    assert cut("x" * 100, 100) == "x" * 100
