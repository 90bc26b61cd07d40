"""From a JSON Schema to a grammar (GBNF) that admits only JSON which fits it.

Whatever the grammar admits parses and validates; not all that validates is admitted: no
properties beyond those listed, in their order, with one space after `:` and `,`. A keyword that
cannot be honoured is refused by name.
"""

from collections.abc import Callable, Mapping
from typing import Any

from vivavoce.engines.language_models.llama_cpp.number_ranges import integers, numbers
from vivavoce.engines.language_models.llama_cpp.schema import (
    ALTERNATIVES,
    Schema,
    json_text,
)

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
        self._definitions: dict[str, str] = {}

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
        self._definitions.clear()
        root = Schema(parameters, parameters, "parameters")
        while "$ref" in root.value:
            (root,) = root.alternatives("$ref")
        if root.types() != ["object"]:
            raise root.refusal("type", "the arguments of a function are an object")
        return self._of(root, 0)

    def rule(self, expression: str) -> str:
        """Add a rule unless there is an equal one; return its name."""
        if expression not in self._names:
            self._names[expression] = f"r{len(self._names)}"
            self._rules.append(f"{self._names[expression]} ::= {expression}")
        return self._names[expression]

    def _of(self, schema: Schema, depth: int) -> str:
        schema.check_keywords()
        if depth > MAX_NESTING or len(self._rules) > MAX_RULES:
            raise schema.refusal(None, "the schema is too large or too deep")
        if "$ref" in schema.value:
            return self._definition(schema, depth)
        for keyword in ALTERNATIVES:
            if keyword in schema.value:
                parts = [self._of(part, depth + 1) for part in schema.alternatives(keyword)]
                return self.rule(" | ".join(parts))
        if "const" in schema.value or "enum" in schema.value:
            return self.rule(" | ".join(literal(json_text(value)) for value in schema.constants()))
        parts = [self._of_type(schema, kind, depth) for kind in schema.types()]
        return parts[0] if len(parts) == 1 else self.rule(" | ".join(parts))

    def _definition(self, schema: Schema, depth: int) -> str:
        (target,) = schema.alternatives("$ref")
        if target.path not in self._definitions:  # once each, however often they refer to another
            self._definitions[target.path] = self._of(target, depth + 1)
        return self._definitions[target.path]

    def _of_type(self, schema: Schema, kind: str, depth: int) -> str:
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

    def _object(self, schema: Schema, depth: int) -> str:
        properties, required = schema.properties()
        if not properties:
            return self._map(schema, depth)
        # Both chains from the end: what may follow property n, after another property and as
        # the first one.
        after, first = '""', '""'
        for name in reversed(properties):
            pair = f"{literal(json_text(name) + ': ')} {self._of(properties[name], depth + 1)}"
            if name in required:
                after, first = self.rule(f'", " {pair} {after}'), self.rule(f"{pair} {after}")
            else:
                first = self.rule(f"{pair} {after} | {first}")
                after = self.rule(f'(", " {pair})? {after}')
        return self.rule(f'"{{" {first} "}}"')

    def _map(self, schema: Schema, depth: int) -> str:
        # An empty list of properties means "no arguments" to everybody who writes one.
        values = schema.value.get("additionalProperties", "properties" not in schema.value)
        if values is False:
            return self.rule(literal("{}"))
        if not isinstance(values, Mapping):
            return self._free_object(FREE_DEPTH)
        value = self._of(schema.child("additionalProperties"), depth + 1)
        return self._object_of(value)

    def _array(self, schema: Schema, depth: int) -> str:
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

    def _string(self, schema: Schema) -> str:
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


def _number(schema: Schema | None, kind: str) -> str:
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


def _tighter(choose: Callable[[int, int], int], one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return one if other is None else other
    return choose(one, other)


def _times(least: int, most: int | None) -> str:
    if most is None:
        return "*" if least == 0 else f"{{{least},}}"
    return f"{{{least},{most}}}"
