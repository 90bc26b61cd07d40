"""Example turns made from a session's own tools: words, a call and its result, words, a call.

Without them a small model talks about its functions, or calls one to say hello. With one example
call the 0.5B model made 7 of 10 calls, with two 8 to 9; without an example of a result it called
again instead of telling it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from vivavoce.interfaces import PromptItem, PromptMessage, PromptToolCall, PromptToolOutput, Tool

# By a word in the property's name; the first that fits.
TYPICAL_TEXTS = (
    ("city", "Paris"),
    ("location", "Paris"),
    ("place", "Paris"),
    ("country", "France"),
    ("date", "2026-05-04"),
    ("day", "Monday"),
    ("time", "10:00"),
    ("mail", "anna@example.com"),
    ("phone", "555 0100"),
    ("name", "Anna"),
    ("language", "English"),
    ("query", "opening hours"),
    ("id", "A12"),
)
TYPICAL_TEXT = "blue"
MAX_DEPTH = 6  # deeper ones are shown empty; the grammar does not mind


def example_turns(tools: Sequence[Tool]) -> list[PromptItem]:
    """Return the turns to show before the conversation; none without tools."""
    if not tools:
        return []
    turns: list[PromptItem] = [
        PromptMessage("user", "Hi there!"),
        PromptMessage("assistant", "Hello! What can I do for you?"),
        *_call_turns(tools[0], "Please {}.", "All right, that worked."),
        PromptMessage("user", "Thanks. How many days are there in a week?"),
        PromptMessage("assistant", "There are seven days in a week."),
    ]
    if len(tools) > 1:
        turns += _call_turns(tools[-1], "Can you {}?", "Yes, it is done.")
    return turns


def example_arguments(tool: Tool) -> dict[str, Any]:
    """Return plausible arguments: those required, else the first."""
    schema = tool.parameters or {}
    value = _Example(schema).of(schema, "", 0)
    return value if isinstance(value, dict) else {}


def _call_turns(tool: Tool, request: str, answer: str) -> list[PromptItem]:
    arguments = example_arguments(tool)
    return [
        PromptMessage("user", request.format(_wish(tool, arguments))),
        PromptToolCall("example", tool.name, json.dumps(arguments, ensure_ascii=False)),
        PromptToolOutput("example", '{"status": "ok"}'),
        PromptMessage("assistant", answer),
    ]


def _wish(tool: Tool, arguments: Mapping[str, object]) -> str:
    wish = tool.description.split(". ")[0].split("\n")[0].strip().rstrip(".")
    wish = wish[:1].lower() + wish[1:] if wish else f"use {tool.name}"
    details = ", ".join(
        f"{name.replace('_', ' ')} {value if isinstance(value, str) else json.dumps(value)}"
        for name, value in arguments.items()
    )
    return f"{wish}: {details}" if details else wish


class _Example:
    """Makes a value for every part of one schema."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def of(self, schema: Any, name: str, depth: int) -> Any:
        if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
            return TYPICAL_TEXT
        schema = self._resolved(schema)
        for keyword in ("examples", "enum"):
            if isinstance(schema.get(keyword), list) and schema[keyword]:
                return schema[keyword][0]
        for keyword in ("const", "default"):
            if schema.get(keyword) is not None:
                return schema[keyword]
        for keyword in ("anyOf", "oneOf", "allOf"):
            if schema.get(keyword):
                return self.of(schema[keyword][0], name, depth + 1)
        return self._of_type(schema, name, depth)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        for _ in range(MAX_DEPTH):
            if "$ref" not in schema:
                break
            target: Any = self._root
            for step in str(schema["$ref"]).removeprefix("#/").split("/"):
                target = target.get(step) if isinstance(target, Mapping) else None
            if not isinstance(target, Mapping):
                return {}  # the grammar refuses it, with a reason
            schema = target
        return schema

    def _of_type(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        match kind[0] if isinstance(kind, list) and kind else kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                n_items = max(1, schema.get("minItems", 1))
                return [self.of(schema.get("items", {}), name, depth + 1)] * n_items
            case "integer" | "number":
                return _number(schema)
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return _text(schema, name)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        wanted = [key for key in properties if key in schema.get("required", ())]
        return {
            key: self.of(properties[key], key, depth + 1) for key in wanted or list(properties)[:1]
        }


def _number(schema: Mapping[str, Any]) -> Any:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and low > 2:
        return low
    return high if high is not None and high < 2 else 2


def _text(schema: Mapping[str, Any], name: str) -> str:
    text = next((text for word, text in TYPICAL_TEXTS if word in name.lower()), TYPICAL_TEXT)
    return text.ljust(schema.get("minLength", 0), "a")[: schema.get("maxLength", len(text))]
