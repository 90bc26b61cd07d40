"""Whatever the session sends, a Beta client gets in the shape of its own types, or not at all."""

import json
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from tests.beta_sdk_types import parse_with_beta_sdk
from tests.examples.flows import FLOWS, is_beta
from tests.protocol.examples import instance
from vivavoce.protocol.beta_codec import SPOKEN_AS, encode_beta_event
from vivavoce.protocol.beta_errors import param_to_beta
from vivavoce.protocol.beta_server_events import UNKNOWN_IN_BETA
from vivavoce.protocol.server_events import ServerEvent

Event = dict[str, Any]
KINDS = inspect.type_info(ServerEvent)
assert isinstance(KINDS, inspect.UnionType)
TRANSLATION = ("session.closed", "session.input_transcript", "session.output_")
"""Events of sessions that Beta has none of."""


def beta(event: Event) -> Event | None:
    """Return what a Beta client gets of a GA event."""
    data = encode_beta_event(msgspec.convert(event, ServerEvent), SPOKEN_AS)
    return None if data is None else json.loads(data)


def of_type(name: str, **members: object) -> Event:
    return {"type": name, "event_id": "event_1", **members}


@pytest.mark.parametrize("full", [False, True], ids=["smallest", "fullest"])
@pytest.mark.parametrize("variant", range(9))
@pytest.mark.parametrize(
    "node",
    [
        pytest.param(node, id=str(node.tag))
        for node in KINDS.types
        if isinstance(node, inspect.StructType) and not str(node.tag).startswith(TRANSLATION)
    ],
)
def test_every_event_has_the_shape_of_the_official_beta_types(
    node: inspect.StructType, variant: int, full: bool
) -> None:
    event = instance(node, variant=variant, full=full)
    data = encode_beta_event(msgspec.convert(event, ServerEvent, builtin_types=()), SPOKEN_AS)

    assert (data is None) or parse_with_beta_sdk(data) is not None or b"vivavoce." in data
    assert data is None or node.cls not in UNKNOWN_IN_BETA


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(step["event"], id=f"{flow}-{index}-{step['event']['type']}")
        for flow, steps in FLOWS.items()
        for index, step in enumerate(steps)
        if is_beta(flow) and step["dir"] == "server"
    ],
)
def test_the_examples_have_the_shape_that_is_checked(event: Event) -> None:
    without_name = {name: value for name, value in event.items() if name != "name"}
    parse_with_beta_sdk(json.dumps(without_name).encode())


@pytest.mark.parametrize(
    ("ga", "name"),
    [
        ("response.output_text.delta", "response.text.delta"),
        ("response.output_audio.delta", "response.audio.delta"),
        ("response.output_audio_transcript.delta", "response.audio_transcript.delta"),
    ],
)
def test_deltas_differ_in_their_name_alone(ga: str, name: str) -> None:
    ids = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}

    assert beta(of_type(ga, delta="AAAA", **ids)) == of_type(name, delta="AAAA", **ids)


def test_an_item_is_told_once_when_it_is_created() -> None:
    item = {
        "type": "message",
        "id": "item_1",
        "object": "realtime.item",
        "status": "completed",
        "role": "user",
        "content": [{"type": "input_text", "text": "Hi."}],
    }
    added = beta(of_type("conversation.item.added", previous_item_id=None, item=item))

    assert added == of_type("conversation.item.created", previous_item_id=None, item=item)
    assert beta(of_type("conversation.item.done", previous_item_id=None, item=item)) is None


def test_the_assistants_parts_have_other_names_and_no_null() -> None:
    item = {
        "type": "message",
        "id": "item_1",
        "role": "assistant",
        "content": [
            {"type": "output_text", "text": "Hi."},
            {"type": "output_audio", "transcript": None},
        ],
    }

    found = beta(of_type("conversation.item.retrieved", item=item))

    assert found is not None
    assert found["item"]["object"] == "realtime.item"
    assert found["item"]["content"] == [
        {"type": "text", "text": "Hi."},
        {"type": "audio", "transcript": ""},
    ]


def test_pictures_and_mcp_are_unknown() -> None:
    picture = {
        "type": "message",
        "id": "item_1",
        "role": "user",
        "content": [{"type": "input_image", "image_url": "data:"}],
    }
    request = {
        "type": "mcp_approval_request",
        "id": "item_2",
        "server_label": "docs",
        "name": "look",
        "arguments": "{}",
    }

    shown = beta(of_type("conversation.item.added", item=picture))

    assert shown is not None
    assert shown["item"]["content"] == []
    assert beta(of_type("conversation.item.added", item=request)) is None


@pytest.mark.parametrize(
    ("ga", "flat"),
    [
        ("session.audio.input.transcription.model", "session.input_audio_transcription.model"),
        ("session.audio.input.turn_detection.type", "session.turn_detection.type"),
        ("session.audio.output.voice", "session.voice"),
        ("response.audio.output.voice", "response.voice"),
        ("session.tools[0].name", "session.tools[0].name"),
        ("session.output_modalities", "session.modalities"),
        ("session.max_output_tokens", "session.max_response_output_tokens"),
        ("item.content[0].text", "item.content[0].text"),
    ],
)
def test_an_error_names_the_path_that_the_client_sent(ga: str, flat: str) -> None:
    assert param_to_beta(ga) == flat
    error = {"message": f"'{ga}' is not supported: no.", "param": ga, "code": "x", "event_id": "a"}

    found = beta(of_type("error", error=error))

    assert found is not None
    assert found["error"]["message"] == f"'{flat}' is not supported: no."
    assert (found["error"]["param"], found["error"]["event_id"]) == (flat, "a")


def test_a_second_answer_is_refused_without_a_code() -> None:
    error = {
        "message": "Conversation already has an active response in progress: resp_1.",
        "code": "conversation_already_has_active_response",
    }

    found = beta(of_type("error", error=error))

    assert found is not None
    assert found["error"]["code"] is None
    assert found["error"]["message"].startswith("Conversation already has an active response")
