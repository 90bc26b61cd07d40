"""What decoding forgives, and what encoding writes."""

import base64
import json
import os
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from vivavoce.protocol.audio_settings import ServerVad
from vivavoce.protocol.client_events import (
    ConversationItemCreate,
    InputAudioBufferAppend,
    ResponseCreate,
    SessionUpdate,
)
from vivavoce.protocol.codec import decode_client_event, encode_server_event
from vivavoce.protocol.extensions import VivavoceTranscriptPartial, VivavoceTurnTiming
from vivavoce.protocol.items import FunctionCall, InputAudio, InputText, Message
from vivavoce.protocol.response_events import ResponseOutputAudioDelta
from vivavoce.protocol.server_events import (
    ConversationItemAdded,
    ConversationItemRetrieved,
    ErrorDetail,
    ErrorEvent,
)
from vivavoce.protocol.session import AudioInputUpdate, AudioUpdate, RealtimeSessionUpdate
from vivavoce.protocol.tools import FunctionTool

SOUND = bytes(range(256)) * 40


def _session(**members: Any) -> str:
    return json.dumps({"type": "session.update", "session": {"type": "realtime", **members}})


@pytest.mark.parametrize("n_bytes", [0, 1, 2, 3, 960, 4800, 48_000])
@pytest.mark.parametrize(
    "template",
    [
        '{"type":"input_audio_buffer.append","audio":"%s"}',
        '{"type": "input_audio_buffer.append", "audio": "%s"}',
        ' {"type":"input_audio_buffer.append","audio":"%s"}\n',
        '{"audio":"%s","type":"input_audio_buffer.append"}',
        '{"event_id":"e1","type":"input_audio_buffer.append","audio":"%s"}',
        '{"type":"input_audio_buffer.append","audio":"%s","event_id":"e1"}',
        '{"type":"input_audio_buffer.append","audio":"%s","timestamp":"now"}',
    ],
)
def test_an_append_is_read_in_whatever_form_it_comes(template: str, n_bytes: int) -> None:
    sound = (SOUND * 5)[:n_bytes]
    text = template % base64.b64encode(sound).decode()
    for given in (text, text.encode()):
        event = decode_client_event(given)
        assert isinstance(event, InputAudioBufferAppend)
        assert event.audio == sound
        assert event.event_id == ("e1" if "event_id" in template else UNSET)


def test_base64_with_escaped_slashes_is_read() -> None:
    text = json.dumps(
        {"type": "input_audio_buffer.append", "audio": base64.b64encode(b"\xff" * 9000).decode()}
    ).replace("/", "\\/")
    assert decode_client_event(text) == InputAudioBufferAppend(audio=b"\xff" * 9000)


def test_absent_and_null_are_kept_apart_in_a_session() -> None:
    event = decode_client_event(_session(audio={"input": {"turn_detection": None}}, prompt=None))
    assert isinstance(event, SessionUpdate)
    assert event.session == RealtimeSessionUpdate(
        audio=AudioUpdate(input=AudioInputUpdate(turn_detection=None)), prompt=None
    )


def test_unknown_members_of_turn_detection_are_ignored() -> None:
    event = decode_client_event(
        _session(audio={"input": {"turn_detection": {"type": "server_vad", "model_version": "v1"}}})
    )
    assert isinstance(event, SessionUpdate)
    assert isinstance(event.session, RealtimeSessionUpdate)
    assert event.session.audio == AudioUpdate(input=AudioInputUpdate(turn_detection=ServerVad()))


def test_unknown_members_of_an_event_and_of_an_item_are_ignored() -> None:
    event = decode_client_event(
        '{"type":"conversation.item.create","timestamp":"now","item":{"type":"message",'
        '"role":"user","name":"Ann","content":[{"type":"input_text","text":"Hi","x":[]}]}}'
    )
    assert event == ConversationItemCreate(
        item=Message(role="user", content=(InputText(text="Hi"),))
    )


def test_null_counts_as_absent_where_it_says_nothing() -> None:
    event = decode_client_event(
        '{"type":"conversation.item.create","event_id":null,"item":{"type":"function_call",'
        '"id":null,"status":null,"call_id":null,"name":"f","arguments":"{}"}}'
    )
    assert event == ConversationItemCreate(item=FunctionCall(name="f", arguments="{}"))
    assert decode_client_event('{"type":"response.create","response":null}') == ResponseCreate()


def test_null_inside_a_json_schema_stays() -> None:
    event = decode_client_event(
        '{"type":"response.create","event_id":null,"response":{"tools":[{"type":"function",'
        '"name":"f","description":null,"parameters":{"properties":{"x":{"enum":[null]}}}}]}}'
    )
    assert isinstance(event, ResponseCreate)
    assert event.response is not UNSET
    assert event.response.tools == (
        FunctionTool(name="f", parameters={"properties": {"x": {"enum": [None]}}}),
    )


def test_huge_integers_survive() -> None:
    schema = {"maximum": 10**30, "minimum": -(2**64)}
    event = decode_client_event(
        _session(tools=[{"type": "function", "name": "f", "parameters": schema}])
    )
    assert json.loads(msgspec.json.encode(event))["session"]["tools"][0]["parameters"] == schema


@pytest.mark.parametrize("item_id", ["item_1", 'it"em\\', "näme\u2028", ""])
@pytest.mark.parametrize("n_bytes", [0, 1, 2, 4800])
def test_an_audio_delta_is_written_as_any_other_event_would_be(item_id: str, n_bytes: int) -> None:
    event = ResponseOutputAudioDelta(
        event_id="event_1",
        response_id="resp_1",
        item_id=item_id,
        output_index=1,
        content_index=2,
        delta=os.urandom(n_bytes),
    )
    assert encode_server_event(event) == msgspec.json.encode(event)


def test_absent_members_are_left_out_and_null_is_written() -> None:
    added = ConversationItemAdded(
        event_id="event_1",
        item=Message(
            id="item_1",
            object="realtime.item",
            status="completed",
            role="user",
            content=(InputAudio(transcript=None),),
        ),
    )
    assert json.loads(encode_server_event(added)) == {
        "type": "conversation.item.added",
        "event_id": "event_1",
        "previous_item_id": None,
        "item": {
            "type": "message",
            "id": "item_1",
            "object": "realtime.item",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        },
    }


def test_retrieved_sound_is_base64() -> None:
    event = ConversationItemRetrieved(
        event_id="event_1",
        item=Message(role="user", content=(InputAudio(audio=b"\x00\x01\x02", transcript="Hi"),)),
    )
    part = json.loads(encode_server_event(event))["item"]["content"][0]
    assert part == {"type": "input_audio", "audio": "AAEC", "transcript": "Hi"}


def test_an_error_always_has_its_five_members() -> None:
    encoded = encode_server_event(
        ErrorEvent(event_id="event_1", error=ErrorDetail(message="Something is wrong."))
    )
    assert json.loads(encoded)["error"].keys() == {"type", "code", "message", "param", "event_id"}


def test_our_own_events_carry_our_own_name() -> None:
    partial = VivavoceTranscriptPartial(event_id="event_1", item_id="item_1", transcript="Hel")
    assert json.loads(encode_server_event(partial))["type"] == "vivavoce.transcript.partial"
    timing = VivavoceTurnTiming(
        event_id="event_2", response_id="resp_1", item_id=None, marks={"committed": 512.0}
    )
    assert json.loads(encode_server_event(timing)) == {
        "type": "vivavoce.turn.timing",
        "event_id": "event_2",
        "response_id": "resp_1",
        "item_id": None,
        "marks": {"committed": 512.0},
    }
