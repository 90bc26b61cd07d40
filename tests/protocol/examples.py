"""Instances of every event made from its type, and the events of the example sequences."""

from collections.abc import Iterator
from typing import Any

from msgspec import inspect

from tests.examples.flows import FLOWS, is_beta, is_translation

MESSAGES: list[Any] = [
    {
        "type": "message",
        "id": "item_1",
        "object": "realtime.item",
        "status": "completed",
        "role": role,
        "content": parts,
    }
    for role, parts in (
        ("system", [{"type": "input_text", "text": "Be brief."}]),
        ("user", [{"type": "input_text", "text": "Hello"}]),
        ("user", [{"type": "input_audio", "transcript": None}]),
        ("user", [{"type": "input_audio", "audio": "AAAA", "transcript": "Hello"}]),
        ("user", [{"type": "input_image", "image_url": "data:image/png;base64,", "detail": "low"}]),
        ("assistant", [{"type": "output_text", "text": "Hello"}]),
        ("assistant", [{"type": "output_audio", "transcript": "Hello"}]),
        ("assistant", [{"type": "output_audio", "audio": "AAAA", "transcript": "Hello"}]),
        ("assistant", []),
    )
]
"""Roles with parts that go with them: the types alone would allow any pair."""


def example_events(direction: str, *, translation: bool) -> list[Any]:
    """Return `pytest.param`-ready `(id, event)` pairs of one direction, without those of Beta."""
    return [
        (f"{flow}-{index}-{step['event']['type']}", step["event"])
        for flow, steps in FLOWS.items()
        for index, step in enumerate(steps)
        if step["dir"] == direction and is_translation(flow) is translation and not is_beta(flow)
    ]


def differences(before: object, after: object, path: str = "") -> Iterator[str]:
    """List what an event lost, gained or changed, as wire paths marked `-`, `+` or `!`."""
    if isinstance(before, dict) and isinstance(after, dict):
        yield from (f"-{path}.{name}" for name in before.keys() - after.keys())
        yield from (f"+{path}.{name}" for name in after.keys() - before.keys())
        for name in before.keys() & after.keys():
            yield from differences(before[name], after[name], f"{path}.{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(old, new, f"{path}[{index}]")
    elif before != after:
        yield f"!{path}"


def instance(node: inspect.Type, *, variant: int, full: bool) -> Any:
    """Make a JSON value of a type; `variant` picks among alternatives, `full` adds optionals.

    Ids are always there: a client may leave an item's id away, the server never does.
    """
    match node:
        case inspect.UnionType(types=types):
            known = [one for one in types if not isinstance(one, inspect.CustomType)]
            return instance(known[variant % len(known)], variant=variant, full=full)
        case inspect.StructType(tag="message"):
            return MESSAGES[variant % len(MESSAGES)]
        case inspect.StructType(fields=fields, tag=tag, tag_field=tag_field):
            members = {
                field.encode_name: instance(field.type, variant=variant, full=full)
                for field in fields
                if field.required or full or field.encode_name == "id"
            }
            return {tag_field: tag, **members} if tag is not None else members
        case inspect.VarTupleType(item_type=item_type):
            return [instance(item_type, variant=variant, full=full)]
        case inspect.DictType(value_type=value_type):
            return {"key": instance(value_type, variant=variant, full=full)}
        case inspect.LiteralType(values=values):
            return values[variant % len(values)]
        case _:
            return _SCALARS[type(node)]


_SCALARS: dict[type[inspect.Type], object] = {
    inspect.StrType: "text",
    inspect.IntType: 5000,
    inspect.FloatType: 0.5,
    inspect.BoolType: True,
    inspect.BytesType: "AAAA",
    inspect.NoneType: None,
    inspect.CustomType: {"type": "object"},
    inspect.AnyType: {"type": "object"},
}
