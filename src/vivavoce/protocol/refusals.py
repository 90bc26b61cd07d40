"""Turns what msgspec says of a bad event into the error that the protocol asks for.

Codes and wording follow 60-errors-limits, section 2, and 30-client-events, "Malformed input".
"""

import re
from collections.abc import Iterable
from functools import cache

from msgspec import ValidationError, inspect

from vivavoce.errors import ProtocolError

MAX_QUOTED_CHARS = 100
"""How much of a client's own text is repeated in a message."""

_LOCATED = re.compile(r"(?P<what>.*) - at (?:`key` in )?`\$\.?(?P<path>[^`]*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_BAD_VALUE = re.compile(r"Invalid (?:enum )?value (.*)", re.DOTALL)
_BAD_TYPE = re.compile(r"Expected `([^`]*)`(?:, got `([^`]*)`)?")
_BAD_RANGE = re.compile(r"Expected `(\w+)` (.*)", re.DOTALL)

_TYPE_NAMES = {
    "str": "a string",
    "bytes": "a base64-encoded string",
    "int": "an integer",
    "float": "a number",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}

_LIMITS = {
    "output_modalities": "supported values are: ['audio'] and ['text']",
    "modalities": "supported values are: ['text'] and ['text', 'audio']",
    "name": "expected 1 to 64 letters, digits, underscores or hyphens",
}
"""Plainer words for the limits of some members."""


def refusal(error: ValidationError, event_types: type) -> ProtocolError:
    """Say what is wrong with an event, as the protocol says it.

    Args:
        error: what msgspec raised.
        event_types: the union of events that was tried.
    """
    what, path = _locate(str(error))
    if missing := _MISSING.fullmatch(what):
        return _missing(_join(path, missing[1]))
    if unknown := _UNKNOWN.fullmatch(what):
        return unknown_parameter(_join(path, _shorten(unknown[1])))
    if bad_value := _BAD_VALUE.fullmatch(what):
        return invalid_value(bad_value[1], supported_values(event_types, path), param=path)
    if bad_type := _BAD_TYPE.fullmatch(what):
        return _invalid_type(bad_type[1], bad_type[2], path)
    return _out_of_bounds(what, path)


def unknown_parameter(param: str) -> ProtocolError:
    """Say that a member is not known here."""
    return ProtocolError(f"Unknown parameter: '{param}'.", code="unknown_parameter", param=param)


def missing_parameter(param: str) -> ProtocolError:
    """Say that a member has to be there."""
    return ProtocolError(
        f"Missing required parameter: '{param}'.", code="missing_required_parameter", param=param
    )


def invalid_value(value: str, supported: Iterable[str], *, param: str | None) -> ProtocolError:
    """Say that a value is none of the known ones.

    Args:
        value: as quoted by the caller, such as `'x'` or `3`.
        supported: the known values; may be empty.
        param: where it stands.
    """
    message = f"Invalid value: {_shorten(value)}."
    *others, last = [f"'{name}'" for name in supported] or [""]
    if last:
        known = f"{', '.join(others)} and {last}" if others else last
        message += f" Supported values are: {known}."
    return ProtocolError(message, code="invalid_value", param=param)


def supported_values(event_types: type, path: str) -> tuple[str, ...]:
    """List the values that may stand at a wire path; none when any may.

    Args:
        event_types: the union of events.
        path: such as `session.audio.input.turn_detection.type`; `type` lists the events.
    """
    *parents, last = re.sub(r"\[[^]]*\]", "", path).split(".")
    nodes = _members(_described(event_types))
    for name in parents:
        nodes = [node for parent in nodes for node in _field(parent, name)]
    tags = [
        str(node.tag)
        for node in nodes
        if last == "type" and isinstance(node, inspect.StructType) and node.tag is not None
    ]
    literals = [
        str(value)
        for parent in nodes
        for node in _field(parent, last)
        if isinstance(node, inspect.LiteralType)
        for value in node.values
    ]
    return tuple(dict.fromkeys(tags + literals))


def _locate(text: str) -> tuple[str, str]:
    located = _LOCATED.fullmatch(text)
    if located is None:
        return text, ""
    return located["what"], located["path"].split("[...]")[0]


def _missing(param: str) -> ProtocolError:
    if param == "type":
        return ProtocolError("The 'type' field is missing.", code="invalid_event")
    return missing_parameter(param)


def _invalid_type(expected: str, got: str | None, path: str) -> ProtocolError:
    if not path:
        return ProtocolError(
            f"An event must be a JSON object, but got {_type_name(got)}.", code="invalid_event"
        )
    wanted = " or ".join(_TYPE_NAMES.get(name, name) for name in expected.split(" | "))
    instead = "" if got is None else f", but got {_type_name(got)} instead"
    return ProtocolError(
        f"Invalid type for '{path}': expected {wanted}{instead}.", code="invalid_type", param=path
    )


def _out_of_bounds(what: str, path: str) -> ProtocolError:
    bad_range = _BAD_RANGE.fullmatch(what)
    if bad_range is None:
        reason = what[:1].lower() + what[1:]
    else:
        reason = _LIMITS.get(
            path.rpartition(".")[2],
            f"expected {_TYPE_NAMES.get(bad_range[1], bad_range[1])} {bad_range[2]}",
        )
    return ProtocolError(f"Invalid value for '{path}': {reason}.", code="invalid_value", param=path)


def _type_name(name: str | None) -> str:
    return "another type" if name is None else _TYPE_NAMES.get(name, name)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_QUOTED_CHARS else text[:MAX_QUOTED_CHARS] + "..."


@cache
def _described(event_types: type) -> inspect.Type:
    return inspect.type_info(event_types)


def _members(node: inspect.Type) -> list[inspect.Type]:
    match node:
        case inspect.UnionType(types=types):
            return [member for one in types for member in _members(one)]
        case inspect.VarTupleType(item_type=item_type):
            return _members(item_type)
        case inspect.DictType(value_type=value_type):
            return _members(value_type)
        case _:
            return [node]


def _field(node: inspect.Type, name: str) -> list[inspect.Type]:
    if not isinstance(node, inspect.StructType):
        return []
    return [
        member
        for field in node.fields
        if field.encode_name == name
        for member in _members(field.type)
    ]
