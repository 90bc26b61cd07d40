"""The official client's types as judge of every event the server sends.

`parse_with_sdk` is stricter than the client itself: a required member must be there, a value
must have its type, and no member may be there that the type does not know.
"""

from collections.abc import Iterator
from functools import cache
from typing import get_args

import msgspec
import pydantic
from openai.types.realtime.realtime_server_event import RealtimeServerEvent
from openai.types.realtime.realtime_translation_server_event import RealtimeTranslationServerEvent

from vivavoce.protocol.codec import encode_server_event
from vivavoce.protocol.server_events import ServerEvent

KNOWN_EXTRAS = frozenset(
    {
        # The SDK types these two events with the *request* object, which lacks what only the
        # server can say. Live captures have all three (20-session-config, "Echo form").
        ("session.created", "session.id"),
        ("session.created", "session.object"),
        ("session.created", "session.expires_at"),
        ("session.updated", "session.id"),
        ("session.updated", "session.object"),
        ("session.updated", "session.expires_at"),
        # The type lacks it; agents-js wants it on every event (80-client-expectations, 0.3).
        ("input_audio_buffer.dtmf_event_received", "event_id"),
    }
)
KNOWN_EXTRA_NAMES = frozenset(
    {
        # Of newer models' messages, documented in the prompting guide (40-server-events, 2).
        "phase",
        # Seen on the wire on all text deltas (40-server-events, 4).
        "obfuscation",
    }
)


def check_server_event(event: ServerEvent) -> None:
    """Encode an event and let the official client's types judge it."""
    parse_with_sdk(encode_server_event(event))


def parse_with_sdk(data: bytes) -> pydantic.BaseModel | None:
    """Parse an encoded server event; None for `vivavoce.*`, which no SDK knows.

    Raises:
        AssertionError: the official types do not allow it.
    """
    raw = msgspec.json.decode(data)
    name = raw["type"]
    if name.startswith("vivavoce."):
        return None
    model = _model(name, raw.get("session", {}).get("type") == "translation")
    assert model is not None, f"the SDK knows no event {name}"
    try:
        event = model.model_validate_json(data, strict=True)
    except pydantic.ValidationError as error:
        raise AssertionError(f"the SDK refuses {data[:2000]!r}: {error}") from error
    extras = [path for path in extras_of(event) if not _is_known(name, path)]
    assert not extras, f"the SDK does not know {extras} in {data[:2000]!r}"
    return event


def parse_strictly(model: type[pydantic.BaseModel], body: object) -> None:
    """Parse the body of an answer as strictly as an event.

    Raises:
        AssertionError: the official type does not allow it.
    """
    try:
        answer = model.model_validate_json(msgspec.json.encode(body), strict=True)
    except pydantic.ValidationError as error:
        raise AssertionError(f"the SDK refuses {body}: {error}") from error
    extras = list(extras_of(answer))
    assert not extras, f"the SDK does not know {extras} in {body}"


@cache
def _model(name: str, is_translation: bool) -> type[pydantic.BaseModel] | None:
    unions = [RealtimeServerEvent, RealtimeTranslationServerEvent]
    if is_translation:
        unions.reverse()
    for union in unions:
        models: tuple[type[pydantic.BaseModel], ...] = get_args(get_args(union)[0])
        for model in models:
            if name in get_args(model.model_fields["type"].annotation):
                return model
    return None


def _is_known(name: str, path: str) -> bool:
    return (name, path) in KNOWN_EXTRAS or path.rpartition(".")[2] in KNOWN_EXTRA_NAMES


def extras_of(value: object, path: str = "") -> Iterator[str]:
    """Find the members that no type knows, as wire paths."""
    if isinstance(value, pydantic.BaseModel):
        yield from (f"{path}{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from extras_of(getattr(value, name), f"{path}{name}.")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from extras_of(member, f"{path.removesuffix('.')}[{index}].")
