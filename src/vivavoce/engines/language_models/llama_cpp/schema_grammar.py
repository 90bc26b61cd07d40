"""From a JSON Schema to a grammar (GBNF) that admits only JSON which fits it.

Whatever the grammar admits parses and validates; not all that validates is admitted: no
properties beyond those listed, in their order, with one space after `:` and `,`. A keyword that
cannot be honoured is refused by name.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from vivavoce.engines.language_models.llama_cpp.number_ranges import integers, numbers
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
        # An annotation by the standard's own default (JSON Schema 2020-12, validation, section 7.2).
        # The model reads it in the prompt.
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
"""Types, and the keywords honoured for each."""

ALTERNATIVES = ("anyOf", "oneOf", "allOf", "$ref")
"""Keywords that stand for a whole schema, and so have only annotations beside them. `oneOf` is
taken as `anyOf`; `allOf` holds one schema."""

SUPPORTED = ANNOTATIONS.union({"type", "enum", "const", *ALTERNATIVES}, *BY_TYPE.values())
"""Every keyword that is not refused."""

MAX_REPEATS = 500
"""Longest string or list with a bound; the runtime spells repetitions out, and 2,000 is its end."""
MAX_NESTING = 24
MAX_RULES = 2000
FREE_DEPTH = 3
"""Nesting of a value about which the schema says nothing."""

_CHAR = r'([^"\\\x00-\x1F\x7F] | "\\" ["\\/bfnrt])'


class SchemaGrammar:
    """Collects the rules for any number of schemas."""

    def __init__(self) -> None:
        self._rules: list[str] = []
        self._names: dict[str, str] = {}

    @property
    def text(self) -> str:
        """The rules, one a line."""
        return "\n".join(self._rules)

    def add_arguments(self, parameters: Mapping[str, Any] | None) -> str:
        """Add the rules for the arguments of a function; return the name of theirs.

        Raises:
            ProtocolError: a keyword can't be honoured; `param` is its path from `parameters`.
        """
        if not parameters:
            return self.rule(literal("{}"))
        root = _Schema(parameters, parameters, "parameters")
        kinds = root.types()
        if kinds != ["object"]:
            raise root.refusal("type", "the arguments of a function are an object")
        return self._of(root, 0)

    def rule(self, expression: str) -> str:
        """Add a rule unless there is an equal one; return its name."""
        if expression not in self._names:
            self._names[expression] = f"r{len(self._names)}"
            self._rules.append(f"{self._names[expression]} ::= {expression}")
        return self._names[expression]

    def _of(self, schema: "_Schema", depth: int) -> str:
        schema.check_keywords()
        if depth > MAX_NESTING or len(self._rules) > MAX_RULES:
            raise schema.refusal(None, "the schema is too large or too deep")
        for keyword in ALTERNATIVES:
            if keyword in schema.value:
                parts = [self._of(part, depth + 1) for part in schema.alternatives(keyword)]
                return self.rule(" | ".join(parts))
        if "const" in schema.value or "enum" in schema.value:
            return self.rule(" | ".join(literal(_dump(value)) for value in schema.constants()))
        parts = [self._of_type(schema, kind, depth) for kind in schema.types()]
        return parts[0] if len(parts) == 1 else self.rule(" | ".join(parts))

    def _of_type(self, schema: "_Schema", kind: str, depth: int) -> str:
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, depth)
            case "string":
                return self._string(schema)
            case "integer" | "number":
                return self.rule(_number(schema, kind))
            case "boolean":
                return self.rule('"true" | "false"')
            case "null":
                return self.rule('"null"')
            case _:
                return self._free(FREE_DEPTH)

    def _object(self, schema: "_Schema", depth: int) -> str:
        properties, required = schema.properties()
        if not properties:
            return self._map(schema, depth)
        # Both chains from the end: what may follow property n, after another property and as
        # the first one.
        after, first = '""', '""'
        for name in reversed(properties):
            pair = f"{literal(_dump(name) + ': ')} {self._of(properties[name], depth + 1)}"
            if name in required:
                after, first = self.rule(f'", " {pair} {after}'), self.rule(f"{pair} {after}")
            else:
                first = self.rule(f"{pair} {after} | {first}")
                after = self.rule(f'(", " {pair})? {after}')
        return self.rule(f'"{{" {first} "}}"')

    def _map(self, schema: "_Schema", depth: int) -> str:
        values = schema.value.get("additionalProperties", True)
        if values is False:
            return self.rule(literal("{}"))
        if not isinstance(values, Mapping):
            return self._free_object(FREE_DEPTH)
        value = self._of(schema.child("additionalProperties"), depth + 1)
        return self._object_of(value)

    def _array(self, schema: "_Schema", depth: int) -> str:
        least, most = schema.size("minItems", "maxItems")
        if most == 0:
            return self.rule('"[]"')
        items = schema.value.get("items", True)
        if isinstance(items, Mapping):
            item = self._of(schema.child("items"), depth + 1)
        elif items is True:
            item = self._free(FREE_DEPTH - 1)
        else:
            raise schema.refusal("items", "is to be one schema")
        return self._list_of(item, least, most)

    def _list_of(self, item: str, least: int, most: int | None) -> str:
        further = _times(max(0, least - 1), None if most is None else most - 1)
        content = f'{item} (", " {item}){further}'
        return self.rule(f'"[" {content} "]"' if least else f'"[" ({content})? "]"')

    def _string(self, schema: "_Schema") -> str:
        least, most = schema.size("minLength", "maxLength")
        char = self.rule(_CHAR)
        return self.rule(rf'"\"" {char}{_times(least, most)} "\""')

    def _free(self, depth: int) -> str:
        """Any value, nested no deeper than `depth`."""
        char = self.rule(_CHAR)
        parts = [rf'"\"" {char}* "\""', _number(None, "number"), '"true" | "false" | "null"']
        if depth > 0:
            parts += [self._free_object(depth), self._list_of(self._free(depth - 1), 0, None)]
        return self.rule(" | ".join(parts))

    def _free_object(self, depth: int) -> str:
        return self._object_of(self._free(depth - 1))

    def _object_of(self, value: str) -> str:
        pair = self.rule(rf'"\"" {self.rule(_CHAR)}+ "\": " {value}')
        return self.rule(f'"{{" ({pair} (", " {pair})*)? "}}"')


def literal(text: str) -> str:
    """Return the expression that admits exactly this text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\x7f", "\\x7F")
    return f'"{escaped}"'


class _Schema:
    """A schema with its place, so that a refusal can name it."""

    def __init__(
        self, value: Any, root: Mapping[str, Any], path: str, seen: frozenset[str] = frozenset()
    ) -> None:
        if value is True:
            value = {}
        self._root = root
        self._path = path
        self._seen = seen
        if not isinstance(value, Mapping):
            raise self.refusal(None, "a schema is an object")
        self.value = value

    def refusal(self, keyword: str | None, reason: str) -> ProtocolError:
        where = self._path if keyword is None else f"{self._path}.{keyword}"
        what = f"Invalid schema: {reason}" if keyword is None else f"Invalid '{keyword}': {reason}"
        return ProtocolError(f"{what} (at {where}).", code="invalid_value", param=where)

    def check_keywords(self) -> None:
        for keyword in self.value:
            if keyword not in SUPPORTED:
                reason = "the language model can't be held to this keyword of JSON Schema"
                raise self.refusal(keyword, reason)
        if "const" in self.value or "enum" in self.value:
            self._check_alone(
                "enum" if "enum" in self.value else "const", {"const", "enum", "type"}
            )
        elif not any(keyword in self.value for keyword in ALTERNATIVES):
            self._check_types_fit()

    def child(self, *steps: str) -> "_Schema":
        value: Any = self.value
        for step in steps:
            value = value[int(step)] if isinstance(value, list) else value[step]
        return _Schema(value, self._root, ".".join((self._path, *steps)), self._seen)

    def alternatives(self, keyword: str) -> list["_Schema"]:
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
            if kind not in BY_TYPE:
                raise self.refusal("type", f"there is no type {kind!r}")
        if not types:
            raise self.refusal("type", "is empty")
        return types

    def constants(self) -> list[Any]:
        values = self.value.get("enum", [self.value.get("const")])
        if not isinstance(values, list):
            raise self.refusal("enum", "is to be a list")
        types = self.types() if "type" in self.value else list(BY_TYPE)
        fitting = [
            value
            for value in values
            if any(_is_of_type(value, kind) for kind in types)
            and ("const" not in self.value or _dump(value) == _dump(self.value["const"]))
        ]
        if not fitting:
            raise self.refusal("enum" if "enum" in self.value else "const", "no value is possible")
        return fitting

    def properties(self) -> tuple[dict[str, "_Schema"], list[str]]:
        """Schemas by name, and the names of those required."""
        listed, required = self.value.get("properties", {}), self.value.get("required", [])
        if not isinstance(listed, Mapping):
            raise self.refusal("properties", "is to be an object")
        if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
            raise self.refusal("required", "is to be a list of names")
        found = {name: self.child("properties", name) for name in listed}
        for name in required:
            found.setdefault(name, _Schema({}, self._root, f"{self._path}.properties.{name}"))
        return found, required

    def size(self, least_keyword: str, most_keyword: str) -> tuple[int, int | None]:
        """Bounds of a length; one beyond what the runtime can count is brought down to it."""
        least, most = self.value.get(least_keyword, 0), self.value.get(most_keyword)
        for keyword, bound in ((least_keyword, least), (most_keyword, most)):
            if bound is not None and (not _is_of_type(bound, "integer") or bound < 0):
                raise self.refusal(keyword, "is to be a whole number, 0 or more")
        if least > MAX_REPEATS:
            raise self.refusal(least_keyword, f"at most {MAX_REPEATS} is possible")
        if most is not None and most < least:
            raise self.refusal(most_keyword, "nothing is that short")
        return int(least), None if most is None else min(int(most), MAX_REPEATS)

    def bound(self, keyword: str) -> int | None:
        value = self.value.get(keyword)
        if value is None:
            return None
        if not _is_of_type(value, "integer") or abs(value) >= 10**15:
            raise self.refusal(keyword, "only whole numbers below 10^15 are possible")
        return int(value)

    def _referred(self) -> "_Schema":
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
        return _Schema(value, self._root, path, self._seen | {target})

    def _implied_type(self) -> str:
        for kind in ("object", "array", "string"):
            if BY_TYPE[kind] & set(self.value):
                return kind
        return "number" if BY_TYPE["number"] & set(self.value) else "any"

    def _check_alone(self, keyword: str, beside: set[str]) -> None:
        for other in self.value:
            if other not in ANNOTATIONS and other not in beside:
                raise self.refusal(other, f"can't be combined with '{keyword}'")

    def _check_types_fit(self) -> None:
        """A keyword for another type is legal and idle, but surely a mistake: refuse it."""
        honoured = {"type"}.union(ANNOTATIONS, *(BY_TYPE.get(kind, ()) for kind in self.types()))
        for keyword in self.value:
            if keyword not in honoured:
                raise self.refusal(keyword, f"says nothing about {' or '.join(self.types())}")


def _number(schema: _Schema | None, kind: str) -> str:
    if schema is None:
        low = high = above = below = None
    else:
        low, high = schema.bound("minimum"), schema.bound("maximum")
        above, below = schema.bound("exclusiveMinimum"), schema.bound("exclusiveMaximum")
    if kind == "integer":
        low = _tighter(max, low, None if above is None else above + 1)
        high = _tighter(min, high, None if below is None else below - 1)
        expression = integers(low, high)
    else:
        expression = numbers(
            _tighter(max, low, above),
            _tighter(min, high, below),
            low_is_open=above is not None and (low is None or above >= low),
            high_is_open=below is not None and (high is None or below <= high),
        )
    if expression is None:
        assert schema is not None
        raise schema.refusal(None, "no number is possible")
    return expression


def _tighter(choose: Any, one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return int(choose(one, other))


def _times(least: int, most: int | None) -> str:
    if most is None:
        return "*" if least == 0 else f"{{{least},}}"
    return f"{{{least},{most}}}"


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_of_type(value: object, kind: str) -> bool:
    match kind:
        case "integer":
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return whole and not isinstance(value, bool)
        case "number":
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return is_number and math.isfinite(value)
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
