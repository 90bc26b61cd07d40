"""Whole conversations, as the hosted service has them, pass through the codec unchanged."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from tests.protocol.examples import differences, example_events, instance
from tests.sdk_types import check_server_event, parse_with_sdk
from vivavoce.protocol.client_events import ClientEvent, TranslationClientEvent
from vivavoce.protocol.codec import (
    decode_client_event,
    decode_translation_event,
    encode_server_event,
)
from vivavoce.protocol.server_events import ServerEvent

SERVER_EVENT_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(ServerEvent)
SERVER_EVENT_TYPES = inspect.type_info(ServerEvent)
assert isinstance(SERVER_EVENT_TYPES, inspect.UnionType)


def _params(events: list[Any]) -> list[Any]:
    return [pytest.param(event, id=name) for name, event in events]


@pytest.mark.parametrize("event", _params(example_events("client", translation=False)))
def test_a_client_event_keeps_every_member(event: dict[str, Any]) -> None:
    decoded = decode_client_event(json.dumps(event))
    assert not list(differences(event, json.loads(msgspec.json.encode(decoded))))


@pytest.mark.parametrize("event", _params(example_events("client", translation=True)))
def test_a_translation_client_event_keeps_every_member(event: dict[str, Any]) -> None:
    decoded = decode_translation_event(json.dumps(event))
    lost = set(differences(event, json.loads(msgspec.json.encode(decoded))))
    assert lost <= {"+.session.type"}, "a translation's update may lack its type"


@pytest.mark.parametrize(
    "event",
    _params(
        example_events("server", translation=False) + example_events("server", translation=True)
    ),
)
def test_a_server_event_keeps_every_member(event: dict[str, Any]) -> None:
    encoded = encode_server_event(SERVER_EVENT_DECODER.decode(json.dumps(event)))
    changes = set(differences(event, json.loads(encoded)))
    # The SDK's types of MCP items have no `object`.
    assert not {change for change in changes if not change.endswith(".object")}
    parse_with_sdk(encoded)


@pytest.mark.parametrize("full", [False, True], ids=["smallest", "fullest"])
@pytest.mark.parametrize("variant", range(9))
@pytest.mark.parametrize(
    "node",
    [
        pytest.param(node, id=str(node.tag))
        for node in SERVER_EVENT_TYPES.types
        if isinstance(node, inspect.StructType)
    ],
)
def test_every_server_event_has_the_shape_the_official_types_ask_for(
    node: inspect.StructType, variant: int, full: bool
) -> None:
    event = msgspec.convert(
        instance(node, variant=variant, full=full), ServerEvent, builtin_types=()
    )
    check_server_event(event)


def test_a_client_event_of_every_type_is_known_to_the_codec() -> None:
    for union, decode in (
        (ClientEvent, decode_client_event),
        (TranslationClientEvent, decode_translation_event),
    ):
        types = inspect.type_info(union)
        assert isinstance(types, inspect.UnionType)
        for node in types.types:
            assert isinstance(node, inspect.StructType)
            event = decode(json.dumps(instance(node, variant=0, full=False)))
            assert type(event) is node.cls
