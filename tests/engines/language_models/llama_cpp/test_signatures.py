import json
from typing import Any

import pytest
from hypothesis import given

from tests.engines.language_models.llama_cpp.schemas import REFUSED, argument_schemas
from vivavoce.engines.language_models.llama_cpp.signatures import signature
from vivavoce.interfaces import Tool


def signature_of(**properties: Any) -> str:
    return signature(Tool("act", parameters={"type": "object", "properties": properties}))


def test_a_tool_is_shown_in_one_line() -> None:
    tool = Tool(
        "get_weather",
        "Get the weather\n  of a city.",
        {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Where."},
                "day": {"enum": ["today", "tomorrow"]},
            },
            "required": ["city"],
        },
    )

    assert signature(tool) == (
        'get_weather(city: string /* Where. */, day?: "today" | "tomorrow")'
        "  // Get the weather of a city."
    )


def test_a_tool_without_arguments_or_purpose_is_shown_too() -> None:
    assert signature(Tool("stop")) == "stop()"


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 9}, "integer 1..9"),
        ({"type": "number", "minimum": 1}, "number >= 1"),
        ({"type": "number", "maximum": 9}, "number <= 9"),
        ({"type": "string", "format": "date"}, "string (date)"),
        ({"type": "array", "items": {"type": "string"}}, "string[]"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, '("a" | "b")[]'),
        ({"type": "object", "properties": {"x": {"type": "boolean"}}}, "{x?: boolean}"),
        ({"type": "object"}, "object"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"anyOf": [{"const": 1}, {"type": "null"}]}, "1 | null"),
        ({"type": "string", "default": "blue"}, 'string = "blue"'),
        ({}, "any"),
    ],
)
def test_types_are_shown_as_programmers_write_them(schema: dict[str, Any], shown: str) -> None:
    assert signature_of(x=schema) == f"act(x?: {shown})"


def test_a_definition_is_shown_where_it_is_used() -> None:
    tool = Tool(
        "act",
        parameters={
            "type": "object",
            "properties": {"x": {"$ref": "#/$defs/Colour"}},
            "$defs": {"Colour": {"enum": ["red"], "description": "Of it."}},
        },
    )

    assert signature(tool) == 'act(x?: "red" /* Of it. */)'


def test_a_definition_that_contains_itself_ends_somewhere() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Tree"}}}

    assert "any" in signature(Tool("act", parameters={**tree, "$defs": {"Tree": tree}}))


@given(schema=argument_schemas())
def test_any_schema_is_shown_in_one_line(schema: dict[str, Any]) -> None:
    assert "\n" not in signature(Tool("act", "Act.", schema))


@pytest.mark.parametrize(("schema", "_param"), REFUSED)
def test_a_schema_that_is_refused_harms_nobody(schema: dict[str, Any], _param: str) -> None:
    json.dumps(signature(Tool("act", parameters=schema)))
