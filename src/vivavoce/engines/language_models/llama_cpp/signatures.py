"""A tool in one line, as a programmer would write it: a third of the tokens of its JSON Schema."""

import json
from collections.abc import Mapping
from typing import Any

from vivavoce.interfaces import Tool

MAX_DEPTH = 6
"""Deeper ones are shown as `any`; the grammar knows better."""


def signature(tool: Tool) -> str:
    """Return name, arguments with their types, and what the tool does."""
    schema = tool.parameters or {}
    shown = _Types(schema)
    arguments = ", ".join(shown.properties(shown.resolved(schema), 0))
    purpose = " ".join(tool.description.split())
    return f"{tool.name}({arguments})" + (f"  // {purpose}" if purpose else "")


class _Types:
    """Writes the types of one schema; whatever is wrong with it is refused elsewhere."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def properties(self, schema: Mapping[str, Any], depth: int) -> list[str]:
        """Return each property with its type, those that may be left out with a `?`."""
        listed, required = schema.get("properties"), schema.get("required")
        if not isinstance(listed, Mapping):
            return []
        required = required if isinstance(required, list) else []
        return [
            f"{name}{'' if name in required else '?'}: {self._described(part, depth)}"
            for name, part in listed.items()
        ]

    def resolved(self, schema: Any) -> Mapping[str, Any]:
        """Return the schema itself, or the definition that it refers to."""
        for _ in range(MAX_DEPTH):
            if not isinstance(schema, Mapping) or "$ref" not in schema:
                break
            target: Any = self._root
            for step in str(schema["$ref"]).removeprefix("#/").split("/"):
                target = target.get(step) if isinstance(target, Mapping) else None
            schema = target
        return schema if isinstance(schema, Mapping) else {}

    def _described(self, schema: Any, depth: int) -> str:
        shown = self.resolved(schema)
        own = schema if isinstance(schema, Mapping) else {}
        words = " ".join(str(own.get("description") or shown.get("description") or "").split())
        default = f" = {_json(shown['default'])}" if shown.get("default") is not None else ""
        return self._type(shown, depth) + default + (f" /* {words} */" if words else "")

    def _type(self, schema: Mapping[str, Any], depth: int) -> str:
        if depth > MAX_DEPTH:
            return "any"
        if "const" in schema:
            return _json(schema["const"])
        if isinstance(schema.get("enum"), list):
            return " | ".join(map(_json, schema["enum"]))
        for keyword in ("anyOf", "oneOf", "allOf"):
            if isinstance(schema.get(keyword), list):
                return " | ".join(self._described(part, depth + 1) for part in schema[keyword])
        kinds = schema.get("type", "object" if "properties" in schema else "any")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        return " | ".join(self._of_kind(schema, kind, depth) for kind in kinds)

    def _of_kind(self, schema: Mapping[str, Any], kind: object, depth: int) -> str:
        match kind:
            case "object":
                inner = self.properties(schema, depth + 1)
                return "{" + ", ".join(inner) + "}" if inner else "object"
            case "array":
                item = self._described(schema.get("items", {}), depth + 1)
                return f"({item})[]" if " " in item else f"{item}[]"
            case "integer" | "number":
                return f"{kind}{_range(schema.get('minimum'), schema.get('maximum'))}"
            case "string" if "format" in schema:
                return f"string ({schema['format']})"
            case _:
                return str(kind)


def _range(low: object, high: object) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f" >= {low}"
    return f" <= {high}" if low is None else f" {low}..{high}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
