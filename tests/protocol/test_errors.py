"""What a client is told when an event is wrong: code, param and event id."""

import base64
import json
from typing import Any

import pytest

from vivavoce.errors import ProtocolError
from vivavoce.protocol.codec import decode_client_event, decode_translation_event
from vivavoce.protocol.item_rules import MAX_AUDIO_BYTES


def _refused(text: str | bytes) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        decode_client_event(text)
    return caught.value


def _session(**members: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": {"type": "realtime", **members}}


def _item(**members: Any) -> dict[str, Any]:
    return {"type": "conversation.item.create", "item": members}


def _message(role: str, *parts: dict[str, Any]) -> dict[str, Any]:
    return _item(type="message", role=role, content=list(parts))


def _vad(**members: Any) -> dict[str, Any]:
    return _session(audio={"input": {"turn_detection": {"type": "server_vad", **members}}})


def _response(**members: Any) -> dict[str, Any]:
    return {"type": "response.create", "response": members}


VAD = "session.audio.input.turn_detection"


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        # the event as a whole
        ({}, "invalid_event", None),
        ([], "invalid_event", None),
        (3, "invalid_event", None),
        (None, "invalid_event", None),
        ({"type": 3}, "invalid_type", "type"),
        ({"type": "response.make"}, "invalid_value", "type"),
        ({"type": "transcription_session.update", "session": {}}, "invalid_value", "type"),
        ({"type": "session.close"}, "invalid_value", "type"),
        ({"type": "response.cancel", "event_id": "x" * 513}, "invalid_value", "event_id"),
        ({"type": "response.cancel", "event_id": 3}, "invalid_type", "event_id"),
        # a member missing
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "session.update", "session": {}}, "missing_required_parameter", "session.type"),
        (_item(role="user", content=[]), "missing_required_parameter", "item.type"),
        (_item(type="message", role="user"), "missing_required_parameter", "item.content"),
        (
            _message("user", {"type": "input_text"}),
            "missing_required_parameter",
            "item.content[0].text",
        ),
        (
            _item(type="function_call_output", output="1"),
            "missing_required_parameter",
            "item.call_id",
        ),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio"),
        (
            {"type": "conversation.item.truncate", "item_id": "i", "content_index": 0},
            "missing_required_parameter",
            "audio_end_ms",
        ),
        (
            _session(audio={"input": {"turn_detection": {"threshold": 0.5}}}),
            "missing_required_parameter",
            f"{VAD}.type",
        ),
        # a member of the wrong type
        (_vad(threshold="0.5"), "invalid_type", f"{VAD}.threshold"),
        (_vad(silence_duration_ms=1.5), "invalid_type", f"{VAD}.silence_duration_ms"),
        (_vad(create_response=1), "invalid_type", f"{VAD}.create_response"),
        (_session(instructions=None), "invalid_type", "session.instructions"),
        (
            _session(audio={"input": {"format": "pcm16"}}),
            "invalid_type",
            "session.audio.input.format",
        ),
        (_session(tools={}), "invalid_type", "session.tools"),
        (
            {"type": "conversation.item.delete", "item_id": None},
            "invalid_type",
            "item_id",
        ),
        ({"type": "input_audio_buffer.append", "audio": 3}, "invalid_type", "audio"),
        (_response(metadata={"a": 1}), "invalid_type", "response.metadata"),
        # a member nobody knows
        (_session(foo=1), "unknown_parameter", "session.foo"),
        (_session(temperature=0.8), "unknown_parameter", "session.temperature"),
        (
            _session(audio={"output": {"pitch": 1}}),
            "unknown_parameter",
            "session.audio.output.pitch",
        ),
        (
            {"type": "session.update", "session": {"type": "transcription", "instructions": ""}},
            "unknown_parameter",
            "session.instructions",
        ),
        (
            _session(audio={"input": {"transcription": {"model": "whisper-1", "x": 1}}}),
            "unknown_parameter",
            "session.audio.input.transcription.x",
        ),
        (_response(modalities=["text"]), "unknown_parameter", "response.modalities"),
        # a value out of the known ones
        ({"type": "session.update", "session": {"type": "beta"}}, "invalid_value", "session.type"),
        (
            _session(audio={"input": {"turn_detection": {"type": "none"}}}),
            "invalid_value",
            f"{VAD}.type",
        ),
        (_session(tool_choice="any"), "invalid_value", "session.tool_choice"),
        (_session(truncation="always"), "invalid_value", "session.truncation"),
        (_session(output_modalities=["video"]), "invalid_value", "session.output_modalities[0]"),
        (
            _session(audio={"input": {"format": {"type": "audio/pcm", "rate": 16000}}}),
            "invalid_value",
            "session.audio.input.format.rate",
        ),
        (_session(include=["item.all"]), "invalid_value", "session.include[0]"),
        (_response(conversation="other"), "invalid_value", "response.conversation"),
        (_item(type="picture"), "invalid_value", "item.type"),
        # a value out of range
        (_vad(threshold=1.5), "invalid_value", f"{VAD}.threshold"),
        (_vad(threshold=-0.1), "invalid_value", f"{VAD}.threshold"),
        (_vad(prefix_padding_ms=-1), "invalid_value", f"{VAD}.prefix_padding_ms"),
        (_vad(idle_timeout_ms=4999), "invalid_value", f"{VAD}.idle_timeout_ms"),
        (_vad(idle_timeout_ms=30001), "invalid_value", f"{VAD}.idle_timeout_ms"),
        (_session(audio={"output": {"speed": 0.2}}), "invalid_value", "session.audio.output.speed"),
        (_session(audio={"output": {"speed": 1.6}}), "invalid_value", "session.audio.output.speed"),
        (_session(max_output_tokens=0), "invalid_value", "session.max_output_tokens"),
        (_session(max_output_tokens=4097), "invalid_value", "session.max_output_tokens"),
        (_session(max_output_tokens="all"), "invalid_value", "session.max_output_tokens"),
        (
            _session(output_modalities=["audio", "text"]),
            "invalid_value",
            "session.output_modalities",
        ),
        (_session(output_modalities=[]), "invalid_value", "session.output_modalities"),
        (
            _session(truncation={"type": "retention_ratio", "retention_ratio": 1.1}),
            "invalid_value",
            "session.truncation.retention_ratio",
        ),
        (
            _session(tools=[{"type": "function", "name": "get weather"}]),
            "invalid_value",
            "session.tools[0].name",
        ),
        (
            _session(tools=[{"type": "function", "name": "x" * 65}]),
            "invalid_value",
            "session.tools[0].name",
        ),
        (
            _session(tools=[{"type": "function", "name": "x\n"}]),
            "invalid_value",
            "session.tools[0].name",
        ),
        (
            _response(metadata={str(n): "" for n in range(17)}),
            "invalid_value",
            "response.metadata",
        ),
        (_response(metadata={"k" * 65: ""}), "invalid_value", "response.metadata"),
        (_response(metadata={"k": "v" * 513}), "invalid_value", "response.metadata"),
        # sound
        ({"type": "input_audio_buffer.append", "audio": "AA=A"}, "invalid_value", "audio"),
        ({"type": "input_audio_buffer.append", "audio": "A" * 4001}, "invalid_value", "audio"),
        ({"type": "input_audio_buffer.append", "audio": "AA\nAA" * 1000}, "invalid_value", "audio"),
        (
            _message("user", {"type": "input_audio", "audio": "?"}),
            "invalid_value",
            "item.content[0].audio",
        ),
        # parts that do not go with the role
        (
            _message("assistant", {"type": "output_audio", "transcript": "Hi"}),
            "missing_required_parameter",
            "item.content[0].text",
        ),
        (
            _message("assistant", {"type": "input_text", "text": "Hi"}),
            "invalid_value",
            "item.content[0].type",
        ),
        (
            _message("system", {"type": "input_text", "text": ""}, {"type": "input_audio"}),
            "invalid_value",
            "item.content[1].type",
        ),
        (
            _message("user", {"type": "output_text", "text": "Hi"}),
            "invalid_value",
            "item.content[0].type",
        ),
        (
            _message("user", {"type": "input_audio", "transcript": "Hi"}),
            "missing_required_parameter",
            "item.content[0].audio",
        ),
        (
            _response(
                input=[
                    {"type": "message", "role": "user", "content": [{"type": "text", "text": ""}]}
                ]
            ),
            "invalid_value",
            "response.input[0].content[0].type",
        ),
        (_item(type="item_reference", id="i"), "invalid_value", "item.type"),
    ],
)
def test_a_wrong_event_is_refused_with_code_and_param(
    event: Any, code: str, param: str | None
) -> None:
    error = _refused(json.dumps(event))
    assert (error.kind, error.code, error.param) == ("invalid_request_error", code, param)
    assert error.message


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "hello",
        '{"type":"response.cancel"} x',
        '{"type":"response.cancel","x":NaN}',
        b'\xff\xfe{"type":"response.cancel"}',
        b'{"type":"response.cancel","event_id":"\xff"}',
        '{"type":"response.cancel","response_id":"\ud800"}',
        '{"type":"response.cancel","response_id":"\\ud800"}',
    ],
)
def test_what_is_not_json_is_refused_as_such(text: str | bytes) -> None:
    assert _refused(text).code == "invalid_json"


@pytest.mark.parametrize(
    ("text", "event_id"),
    [
        ('{"event_id":"e1","type":"nonsense"}', "e1"),
        ('{"type":"session.update","session":{"type":3},"event_id":"e1"}', "e1"),
        ('{"type":"response.create","event_id":"e1","response":{"input":3}}', "e1"),
        ('{"event_id":"e1"}', "e1"),
        ('{"event_id":"e1","type":"response.cancel"', "e1"),
        ('{"event_id":"e1","type":"response.cancel","response_id":"\\ud800"}', "e1"),
        (json.dumps({"event_id": "e1", **_message("user", {"type": "text", "text": ""})}), "e1"),
        ('{"type":"nonsense"}', None),
        ('{"event_id":3,"type":"nonsense"}', None),
        ('["event_id"]', None),
    ],
)
def test_the_event_id_is_found_even_when_the_rest_is_wrong(text: str, event_id: str | None) -> None:
    assert _refused(text).event_id == event_id


def test_an_event_id_that_is_too_long_is_not_repeated() -> None:
    error = _refused(json.dumps({"type": "response.cancel", "event_id": "x" * 513}))
    assert error.event_id is None


def test_an_unknown_type_lists_the_types_that_are_known() -> None:
    message = _refused('{"type":"session.close"}').message
    assert "'session.close'" in message
    assert "'session.update', 'input_audio_buffer.append'" in message
    assert "transcription_session.update" not in message


def test_a_missing_type_is_named_in_quotes_as_clients_look_for_it() -> None:
    assert "'type'" in _refused("{}").message


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            _vad(threshold="x"),
            f"Invalid type for '{VAD}.threshold': expected a number, but got a string instead.",
        ),
        (
            _session(audio={"output": {"voice": 3}}),
            "Invalid type for 'session.audio.output.voice': expected a string or an object, "
            "but got an integer instead.",
        ),
        (
            _session(audio={"input": {"turn_detection": {"type": "vad"}}}),
            "Invalid value: 'vad'. Supported values are: 'server_vad' and 'semantic_vad'.",
        ),
        (
            _session(tool_choice="any"),
            "Invalid value: 'any'. Supported values are: 'auto', 'none' and 'required'.",
        ),
        (
            _message("system", {"type": "output_text", "text": ""}),
            "Invalid value: 'output_text'. Supported values are: 'input_text'.",
        ),
        (
            _session(output_modalities=["audio", "text"]),
            "Invalid value for 'session.output_modalities': "
            "supported values are: ['audio'] and ['text'].",
        ),
        (_session(x=1), "Unknown parameter: 'session.x'."),
        ({"type": "session.update", "session": {}}, "Missing required parameter: 'session.type'."),
    ],
)
def test_a_message_says_what_is_wrong_and_what_would_be_right(event: Any, message: str) -> None:
    assert _refused(json.dumps(event)).message == message


def test_a_message_repeats_little_of_what_the_client_sent() -> None:
    assert len(_refused(json.dumps(_session(tool_choice="x" * 10_000))).message) < 300
    assert len(_refused(json.dumps(_session(**{"x" * 10_000: 1}))).message) < 300


@pytest.mark.parametrize("padding", [{}, {"event_id": "e1"}], ids=["plain form", "other form"])
def test_sound_beyond_15_mib_is_refused_and_up_to_it_taken(padding: dict[str, str]) -> None:
    def append(n_bytes: int) -> str:
        audio = base64.b64encode(bytes(n_bytes)).decode()
        return json.dumps({"type": "input_audio_buffer.append", "audio": audio, **padding})

    decode_client_event(append(MAX_AUDIO_BYTES))
    error = _refused(append(MAX_AUDIO_BYTES + 1))
    assert (error.code, error.param) == ("invalid_value", "audio")
    assert error.event_id == padding.get("event_id")


@pytest.mark.parametrize("bracket", ['{"a":', "["])
@pytest.mark.parametrize("depth", [150, 5_000, 500_000])
def test_deep_nesting_is_refused(bracket: str, depth: int) -> None:
    tool = '{"type":"function","name":"f","parameters":{"x":' + bracket * depth
    text = '{"type":"session.update","event_id":"e1","session":{"type":"realtime","tools":[' + tool
    error = _refused(text)
    assert (error.code, error.event_id) == ("invalid_value", "e1")


def test_many_brackets_that_are_not_deep_are_fine() -> None:
    schema = {"properties": {f"p{n}": {"enum": [["[" * 500]]} for n in range(500)}}
    decode_client_event(
        json.dumps(_session(tools=[{"type": "function", "name": "f", "parameters": schema}]))
    )


def test_a_translation_knows_its_own_events_only() -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_translation_event('{"type":"response.create","event_id":"e1"}')
    assert (caught.value.code, caught.value.param) == ("invalid_value", "type")
    assert caught.value.event_id == "e1"
    with pytest.raises(ProtocolError) as caught:
        decode_translation_event('{"type":"session.update","session":{"instructions":""}}')
    assert caught.value.code == "unknown_parameter"
