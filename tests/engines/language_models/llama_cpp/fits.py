"""Whether a value fits a JSON Schema, for as many keywords as our grammar honours."""

import math
from collections.abc import Mapping
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def fits(value: Any, schema: Any, root: Mapping[str, Any] | None = None) -> bool:
    if schema is True:
        return True
    root = schema if root is None else root
    checks = [
        _fits_type(value, schema.get("type")),
        "const" not in schema or value == schema["const"],
        "enum" not in schema or value in schema["enum"],
        "anyOf" not in schema or any(fits(value, part, root) for part in schema["anyOf"]),
        all(fits(value, part, root) for part in schema.get("allOf", [])),
        "$ref" not in schema or fits(value, _target(schema["$ref"], root), root),
        _fits_bounds(value, schema),
        _fits_parts(value, schema, root),
    ]
    return all(checks)


def _target(reference: str, root: Any) -> Any:
    for step in reference[2:].split("/"):
        root = root[step]
    return root


def _fits_type(value: Any, named: Any) -> bool:
    if named is None:
        return True
    types = named if isinstance(named, list) else [named]
    return any(
        isinstance(value, _TYPES[kind]) and (kind == "boolean") == isinstance(value, bool)
        for kind in types
    )


def _fits_bounds(value: Any, schema: Mapping[str, Any]) -> bool:
    if isinstance(value, str):
        return bool(schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)))
    if isinstance(value, list):
        return bool(schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return bool(
            schema.get("minimum", value) <= value <= schema.get("maximum", value)
            and schema.get("exclusiveMinimum", -math.inf) < value
            and value < schema.get("exclusiveMaximum", math.inf)
        )
    return True


def _fits_parts(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    if isinstance(value, list):
        return all(fits(part, schema.get("items", True), root) for part in value)
    if not isinstance(value, dict):
        return True
    listed, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    if not all(name in value for name in schema.get("required", [])):
        return False
    return all(
        fits(part, listed[name], root)
        if name in listed
        else others is not False and fits(part, others, root)
        for name, part in value.items()
    )
