"""A JSON Schema with its place, read keyword by keyword; what can't be honoured is refused."""

import json
from collections.abc import Mapping
from typing import Any

from vivavoce.errors import ProtocolError

ANNOTATIONS = frozenset(
    {
        "$comment",
        "$defs",
        "$id",
        "$schema",
        "default",
        "definitions",
        "deprecated",
        "description",
        "examples",
        # An annotation by the standard's own default (JSON Schema 2020-12, validation, 7.2); the
        # model reads it in the prompt.
        "format",
        "readOnly",
        "title",
        "writeOnly",
    }
)
"""Keywords that say nothing about what is valid; the model sees them in its prompt."""

BY_TYPE = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "string": frozenset({"minLength", "maxLength"}),
    "integer": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}),
    "boolean": frozenset[str](),
    "null": frozenset[str](),
}
"""Types, and the keywords honoured for each; beside another type a keyword is
legal and says nothing."""

ALTERNATIVES = ("anyOf", "oneOf", "allOf", "$ref")
"""Keywords that stand for a whole schema, and so have only annotations beside them. `oneOf` is
taken as `anyOf`; `allOf` holds one schema."""

SUPPORTED = ANNOTATIONS.union({"type", "enum", "const", *ALTERNATIVES}, *BY_TYPE.values())
"""Every keyword that is not refused."""

MAX_REPEATS = 500
"""Longest string or list with a bound; the runtime spells repetitions out, and 2,000 is its end."""


class Schema:
    """A schema with its place, so that a refusal can name it."""

    def __init__(
        self, value: Any, root: Mapping[str, Any], path: str, seen: frozenset[str] = frozenset()
    ) -> None:
        if value is True:
            value = {}
        self._root = root
        self.path = path
        self._seen = seen
        if not isinstance(value, Mapping):
            raise self.refusal(None, "a schema is an object")
        self.value = value

    def refusal(self, keyword: str | None, reason: str) -> ProtocolError:
        """Return the error that names the keyword, or the place itself."""
        where = self.path if keyword is None else f"{self.path}.{keyword}"
        what = f"Invalid schema: {reason}" if keyword is None else f"Invalid '{keyword}': {reason}"
        return ProtocolError(f"{what} (at {where}).", code="invalid_value", param=where)

    def check_keywords(self) -> None:
        """Refuse what can't be honoured."""
        for keyword in self.value:
            if keyword not in SUPPORTED:
                reason = "the language model can't be held to this keyword of JSON Schema"
                raise self.refusal(keyword, reason)
        if "const" in self.value or "enum" in self.value:
            self._check_alone(
                "enum" if "enum" in self.value else "const", {"const", "enum", "type"}
            )

    def child(self, *steps: str) -> "Schema":
        """Return the schema at a place below this one."""
        value: Any = self.value
        for step in steps:
            value = value[int(step)] if isinstance(value, list) else value[step]
        return Schema(value, self._root, ".".join((self.path, *steps)), self._seen)

    def alternatives(self, keyword: str) -> list["Schema"]:
        """Return the schemas one of which is to hold."""
        self._check_alone(keyword, {keyword})
        if keyword == "$ref":
            return [self._referred()]
        parts = self.value[keyword]
        if not isinstance(parts, list) or not parts:
            raise self.refusal(keyword, "is to be a list of schemas")
        if keyword == "allOf" and len(parts) > 1:
            raise self.refusal(keyword, "more than one schema can't be combined")
        return [self.child(keyword, str(index)) for index in range(len(parts))]

    def types(self) -> list[str]:
        """The types it admits; `any` when it says nothing at all."""
        named = self.value.get("type")
        if named is None:
            return [self._implied_type()]
        types = named if isinstance(named, list) else [named]
        for kind in types:
            if not isinstance(kind, str) or kind not in BY_TYPE:
                raise self.refusal("type", f"there is no type {kind!r}")
        if not types:
            raise self.refusal("type", "is empty")
        return types

    def constants(self) -> list[Any]:
        """Return the values that `enum`, `const` and `type` leave."""
        values = self.value.get("enum", [self.value.get("const")])
        if not isinstance(values, list):
            raise self.refusal("enum", "is to be a list")
        types = self.types() if "type" in self.value else list(BY_TYPE)
        fitting = [
            value
            for value in values
            if any(is_of_type(value, kind) for kind in types)
            and ("const" not in self.value or json_text(value) == json_text(self.value["const"]))
        ]
        if not fitting:
            raise self.refusal("enum" if "enum" in self.value else "const", "no value is possible")
        return fitting

    def properties(self) -> tuple[dict[str, "Schema"], list[str]]:
        """Schemas by name, and the names of those required."""
        listed, required = self.value.get("properties", {}), self.value.get("required", [])
        if not isinstance(listed, Mapping):
            raise self.refusal("properties", "is to be an object")
        if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
            raise self.refusal("required", "is to be a list of names")
        found = {name: self.child("properties", name) for name in listed}
        for name in required:
            found.setdefault(name, Schema({}, self._root, f"{self.path}.properties.{name}"))
        return found, required

    def size(self, least_keyword: str, most_keyword: str) -> tuple[int, int | None]:
        """Bounds of a length; one beyond what the runtime can count is brought down to it."""
        least, most = self.value.get(least_keyword, 0), self.value.get(most_keyword)
        for keyword, bound in ((least_keyword, least), (most_keyword, most)):
            if bound is not None and (not is_of_type(bound, "integer") or bound < 0):
                raise self.refusal(keyword, "is to be a whole number, 0 or more")
        if least > MAX_REPEATS:
            raise self.refusal(least_keyword, f"at most {MAX_REPEATS} is possible")
        if most is not None and most < least:
            raise self.refusal(most_keyword, "nothing is that short")
        return int(least), None if most is None else min(int(most), MAX_REPEATS)

    def bound(self, keyword: str) -> int | None:
        """Return a bound of a number; None when there is none."""
        value = self.value.get(keyword)
        if value is None:
            return None
        if not is_of_type(value, "integer") or abs(value) >= 10**15:
            raise self.refusal(keyword, "only whole numbers below 10^15 are possible")
        return int(value)

    def _referred(self) -> "Schema":
        target = self.value["$ref"]
        if not isinstance(target, str) or not target.startswith(("#/$defs/", "#/definitions/")):
            raise self.refusal("$ref", "only definitions of the same schema can be referred to")
        if target in self._seen:
            raise self.refusal("$ref", "a definition can't contain itself")
        value: Any = self._root
        for step in target[2:].split("/"):
            if not isinstance(value, Mapping) or step not in value:
                raise self.refusal("$ref", f"there is no {target}")
            value = value[step]
        path = "parameters." + target[2:].replace("/", ".")
        return Schema(value, self._root, path, self._seen | {target})

    def _implied_type(self) -> str:
        for kind in ("object", "array", "string"):
            if BY_TYPE[kind] & set(self.value):
                return kind
        return "number" if BY_TYPE["number"] & set(self.value) else "any"

    def _check_alone(self, keyword: str, beside: set[str]) -> None:
        for other in self.value:
            if other not in ANNOTATIONS and other not in beside:
                raise self.refusal(other, f"can't be combined with '{keyword}'")


def json_text(value: object) -> str:
    """Return JSON with one space after `:` and `,`, as the grammar wants it."""
    return json.dumps(value, ensure_ascii=False)


def is_of_type(value: object, kind: str) -> bool:
    """Say whether a JSON value is of that type of JSON Schema."""
    match kind:
        case "integer":
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return whole and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "null":
            return value is None
        case "array":
            return isinstance(value, list)
        case _:
            return isinstance(value, Mapping)
