"""JSON Schemas as clients write them, drawn and written out."""

from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]

NAMES = ("city", "n", "ünïcode", 'quo"te', "back\\slash", "a b")
ANNOTATIONS: Schema = {"description": "d", "title": "T", "default": None, "examples": []}


@st.composite
def _numbers(draw: st.DrawFn) -> Schema:
    kind = draw(st.sampled_from(["integer", "number"]))
    low, high = sorted(draw(st.tuples(*[st.integers(-1200, 1200)] * 2)))
    high += 2  # so that something is left between excluded bounds
    lower = draw(st.sampled_from([{}, {"minimum": low}, {"exclusiveMinimum": low}]))
    upper = draw(st.sampled_from([{}, {"maximum": high}, {"exclusiveMaximum": high}]))
    return {"type": kind, **lower, **upper}


@st.composite
def _sizes(draw: st.DrawFn, least: str, most: str) -> Schema:
    low = draw(st.integers(0, 3))
    high = low + draw(st.integers(0, 3))
    return draw(st.sampled_from([{}, {least: low}, {most: high}, {least: low, most: high}]))


@st.composite
def _objects(draw: st.DrawFn, parts: st.SearchStrategy[Any]) -> Schema:
    properties = draw(st.dictionaries(st.sampled_from(NAMES), parts, max_size=4))
    required = [name for name in properties if draw(st.booleans())]
    extra = draw(st.sampled_from([{}, {"additionalProperties": False}]))
    return {"type": "object", "properties": properties, "required": required, **extra}


_constants = st.sampled_from(["a", 'q"', 3, -1.5, None, True, [1], {"k": "v"}])
_leaves = st.one_of(
    _numbers(),
    _sizes("minLength", "maxLength").map(lambda sizes: {"type": "string", **sizes}),
    st.sampled_from(
        [
            {"type": "boolean"},
            {"type": "null"},
            {},
            True,
            {"type": ["string", "null"], "maxLength": 2},
            {"type": "string", "format": "date", **ANNOTATIONS},
            {"type": "object"},
            {"type": "object", "additionalProperties": {"type": "integer"}},
        ]
    ),
    st.lists(_constants, min_size=1, max_size=3).map(lambda values: {"enum": values}),
    _constants.map(lambda value: {"const": value}),
)


def _branches(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Schema]:
    lists = st.tuples(_sizes("minItems", "maxItems"), parts).map(
        lambda drawn: {"type": "array", **drawn[0], "items": drawn[1]}
    )
    choices = st.lists(parts, min_size=1, max_size=3).map(lambda drawn: {"anyOf": drawn})
    return _objects(parts) | lists | choices


def argument_schemas() -> st.SearchStrategy[Schema]:
    return _objects(st.recursive(_leaves, _branches, max_leaves=6))


EXAMPLES: list[Schema] = [
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where."},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["city"],
        "additionalProperties": False,
    },
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$ref": "#/definitions/Order",
        "definitions": {
            "Size": {"enum": ["s", "m", "l"]},
            "Item": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "size": {"$ref": "#/definitions/Size"}},
                "required": ["name", "size"],
            },
            "Order": {
                "type": "object",
                "properties": {
                    "items": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 3,
                        "items": {"$ref": "#/definitions/Item"},
                    },
                    "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                    "latitude": {"type": "number", "minimum": -90, "maximum": 90},
                },
                "required": ["items"],
            },
        },
    },
    {"type": "object", "required": ["unlisted"]},
    {"type": "object", "properties": {}},
]

_TREE: Schema = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Tree"}}}


def _with(schema: Any) -> Schema:
    return {"type": "object", "properties": {"x": schema}}


REFUSED: list[tuple[Schema, str]] = [
    (_with({"type": "string", "pattern": "a+"}), "parameters.properties.x.pattern"),
    (_with({"type": "number", "multipleOf": 3}), "parameters.properties.x.multipleOf"),
    (_with({"type": "number", "minimum": 0.5}), "parameters.properties.x.minimum"),
    (_with({"type": "integer", "minimum": 3, "maximum": 2}), "parameters.properties.x"),
    (_with({"type": "array", "uniqueItems": True}), "parameters.properties.x.uniqueItems"),
    (_with({"type": "array", "items": [{}]}), "parameters.properties.x.items"),
    (_with({"type": "string", "minLength": -1}), "parameters.properties.x.minLength"),
    (_with({"type": "string", "minLength": 9999}), "parameters.properties.x.minLength"),
    (
        _with({"type": "string", "minLength": 3, "maxLength": 2}),
        "parameters.properties.x.maxLength",
    ),
    (_with({"type": "text"}), "parameters.properties.x.type"),
    (_with({"type": [{}]}), "parameters.properties.x.type"),
    (_with({"type": []}), "parameters.properties.x.type"),
    (_with({"enum": []}), "parameters.properties.x.enum"),
    (_with({"type": "string", "enum": [1]}), "parameters.properties.x.enum"),
    (_with({"enum": 1}), "parameters.properties.x.enum"),
    (_with({"enum": ["a"], "maxLength": 1}), "parameters.properties.x.maxLength"),
    (_with({"not": {}}), "parameters.properties.x.not"),
    (_with({"anyOf": []}), "parameters.properties.x.anyOf"),
    (_with({"anyOf": [{}], "type": "string"}), "parameters.properties.x.type"),
    (_with({"anyOf": [{"if": {}}]}), "parameters.properties.x.anyOf.0.if"),
    (_with({"allOf": [{}, {}]}), "parameters.properties.x.allOf"),
    (_with({"$ref": "other.json"}), "parameters.properties.x.$ref"),
    (_with({"$ref": "#/$defs/Nowhere"}), "parameters.properties.x.$ref"),
    ({**_TREE, "$defs": {"Tree": _TREE}}, "parameters.$defs.Tree.properties.next.$ref"),
    (_with(False), "parameters.properties.x"),
    ({"type": "string"}, "parameters.type"),
    ({"type": "object", "properties": []}, "parameters.properties"),
    ({"type": "object", "required": "x"}, "parameters.required"),
]
