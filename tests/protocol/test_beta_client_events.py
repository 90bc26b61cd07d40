"""What a Beta client sends becomes the GA event it stands for, or an error in its own words."""

import json
from typing import Any

import msgspec
import pytest

from vivavoce.errors import ProtocolError
from vivavoce.protocol.beta_client_events import client_event_to_ga
from vivavoce.protocol.beta_codec import BETA_DECODER, SPOKEN_AS
from vivavoce.protocol.beta_session_maps import session_to_beta
from vivavoce.protocol.client_events import ClientEvent, SessionUpdate
from vivavoce.protocol.codec import decode_with
from vivavoce.protocol.session import RealtimeSession, RealtimeSessionUpdate

Event = dict[str, Any]


def decode(event: Event) -> ClientEvent:
    return decode_with(json.dumps(event), BETA_DECODER, client_event_to_ga)


def as_ga(event: Event) -> Event:
    """Return the GA event as JSON, without objects that mention nothing."""
    ga = json.loads(msgspec.json.encode(decode(event)))
    return {name: _pruned(value) for name, value in ga.items()}


def _pruned(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    pruned = {name: _pruned(member) for name, member in value.items()}
    return {name: member for name, member in pruned.items() if member != {}}


def updated(**session: object) -> Event:
    found = as_ga({"type": "session.update", "session": session})["session"]
    assert found.pop("type") == "realtime"
    assert isinstance(found, dict)
    return found


def refused(event: Event) -> tuple[str | None, str | None]:
    with pytest.raises(ProtocolError) as caught:
        decode(event)
    return caught.value.code, caught.value.param


# --- sessions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flat", "nested"),
    [
        ({}, {}),
        ({"modalities": ["text", "audio"]}, {"output_modalities": ["audio"]}),
        ({"modalities": ["audio", "text"]}, {"output_modalities": ["audio"]}),
        ({"modalities": ["text"]}, {"output_modalities": ["text"]}),
        ({"instructions": "Be brief."}, {"instructions": "Be brief."}),
        ({"voice": "ash"}, {"audio": {"output": {"voice": "ash"}}}),
        ({"speed": 1.2}, {"audio": {"output": {"speed": 1.2}}}),
        ({"temperature": 0.7}, {"temperature": 0.7}),
        ({"max_response_output_tokens": 4096}, {"max_output_tokens": 4096}),
        ({"max_response_output_tokens": "inf"}, {"max_output_tokens": "inf"}),
        (
            {"input_audio_format": "pcm16"},
            {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 24000}}}},
        ),
        (
            {"input_audio_format": "g711_ulaw", "output_audio_format": "g711_alaw"},
            {
                "audio": {
                    "input": {"format": {"type": "audio/pcmu"}},
                    "output": {"format": {"type": "audio/pcma"}},
                }
            },
        ),
        (
            {"input_audio_transcription": {"model": "whisper-1", "language": "", "prompt": None}},
            {"audio": {"input": {"transcription": {"model": "whisper-1"}}}},
        ),
        (
            {"input_audio_transcription": None, "input_audio_noise_reduction": None},
            {"audio": {"input": {"transcription": None, "noise_reduction": None}}},
        ),
        (
            {"input_audio_noise_reduction": {"type": "near_field"}},
            {"audio": {"input": {"noise_reduction": {"type": "near_field"}}}},
        ),
        (
            {"turn_detection": {"type": "server_vad", "threshold": 0.6, "idle_timeout_ms": 9000}},
            {"audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": 0.6}}}},
        ),
        ({"turn_detection": None}, {"audio": {"input": {"turn_detection": None}}}),
        ({"turn_detection": {"type": "none"}}, {"audio": {"input": {"turn_detection": None}}}),
        (
            {"tools": [{"type": "function", "name": "look"}], "tool_choice": "required"},
            {"tools": [{"type": "function", "name": "look"}], "tool_choice": "required"},
        ),
        ({"tools": [{"name": "look"}]}, {"tools": [{"type": "function", "name": "look"}]}),
        ({"tracing": None, "prompt": None}, {"tracing": None, "prompt": None}),
        ({"voice": None, "tools": None, "temperature": None, "modalities": None}, {}),
        ({"id": "sess_1", "object": "realtime.session", "client_secret": None}, {}),
        ({"expires_at": 5, "client_secret": {"value": "ek_1", "expires_at": 6}}, {}),
    ],
)
def test_a_flat_session_says_what_the_nested_one_says(flat: Event, nested: Event) -> None:
    assert updated(**flat) == nested


def test_the_session_that_was_echoed_can_be_sent_back() -> None:
    session = msgspec.convert(
        {
            "type": "realtime",
            "id": "sess_1",
            "model": "gpt-realtime",
            "output_modalities": ["audio"],
            "instructions": "Be brief.",
            "expires_at": 5,
            "temperature": 0.8,
            "audio": {
                "input": {
                    "format": {"type": "audio/pcmu"},
                    "transcription": {"model": "whisper-1"},
                    "turn_detection": {"type": "server_vad", "idle_timeout_ms": None},
                },
                "output": {"format": {"type": "audio/pcmu"}, "voice": "ash"},
            },
        },
        RealtimeSession,
    )
    echoed = json.loads(msgspec.json.encode(session_to_beta(session, SPOKEN_AS)))

    event = decode({"type": "session.update", "session": echoed})

    assert isinstance(event, SessionUpdate)
    assert isinstance(event.session, RealtimeSessionUpdate)
    assert (event.session.temperature, event.session.instructions) == (0.8, "Be brief.")


def test_a_transcription_session_is_updated_under_its_own_name() -> None:
    event = as_ga(
        {
            "type": "transcription_session.update",
            "event_id": "mine",
            "session": {
                "input_audio_transcription": {"model": "whisper-1"},
                "modalities": ["text"],
                "include": ["item.input_audio_transcription.logprobs"],
            },
        }
    )

    assert event == {
        "type": "session.update",
        "event_id": "mine",
        "session": {
            "type": "transcription",
            "audio": {"input": {"transcription": {"model": "whisper-1"}}},
            "include": ["item.input_audio_transcription.logprobs"],
        },
    }


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"type": "realtime"}, "unknown_parameter", "session.type"),
        ({"audio": {}}, "unknown_parameter", "session.audio"),
        ({"output_modalities": ["text"]}, "unknown_parameter", "session.output_modalities"),
        ({"truncation": "auto"}, "unknown_parameter", "session.truncation"),
        ({"modalities": []}, "invalid_value", "session.modalities"),
        ({"modalities": "text"}, "invalid_type", "session.modalities"),
        ({"temperature": 0.5}, "invalid_value", "session.temperature"),
        ({"temperature": 1.3}, "invalid_value", "session.temperature"),
        ({"temperature": "hot"}, "invalid_type", "session.temperature"),
        ({"speed": 2}, "invalid_value", "session.speed"),
        ({"input_audio_format": "opus"}, "invalid_value", "session.input_audio_format"),
        (
            {"max_response_output_tokens": 0},
            "invalid_value",
            "session.max_response_output_tokens",
        ),
        (
            {"input_audio_transcription": {"keywords": []}},
            "unknown_parameter",
            "session.input_audio_transcription.keywords",
        ),
        ({"turn_detection": {"type": "ears"}}, "invalid_value", "session.turn_detection.type"),
        ({"tools": [{"type": "mcp"}]}, "invalid_value", "session.tools"),
    ],
)
def test_a_wrong_session_is_refused_in_the_clients_words(
    session: Event, code: str, param: str
) -> None:
    found_code, found_param = refused({"type": "session.update", "session": session})

    assert found_code == code
    assert (found_param or "").startswith(param)


# --- items and answers ----------------------------------------------------------------------------


def message(role: str, *content: Event) -> Event:
    item = {"type": "message", "role": role, "content": list(content)}
    return {"type": "conversation.item.create", "previous_item_id": None, "item": item}


def test_the_assistants_text_is_named_otherwise() -> None:
    found = as_ga(message("assistant", {"type": "text", "text": "Hi."}))

    assert found["item"]["content"] == [{"type": "output_text", "text": "Hi."}]


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        (message("user", {"type": "text", "text": "a"}), "invalid_value", "item.content[0].type"),
        (
            message("assistant", {"type": "input_text", "text": "a"}),
            "invalid_value",
            "item.content[0].type",
        ),
        (
            message("assistant", {"type": "audio", "transcript": "a"}),
            "missing_required_parameter",
            "item.content[0].text",
        ),
        (
            message("user", {"type": "input_audio"}),
            "missing_required_parameter",
            "item.content[0].audio",
        ),
        ({"type": "no.such.event"}, "invalid_value", "type"),
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        (
            {"type": "response.create", "response": {"output_modalities": ["text"]}},
            "unknown_parameter",
            "response.output_modalities",
        ),
        (
            {"type": "response.create", "response": {"temperature": 2}},
            "invalid_value",
            "response.temperature",
        ),
        (
            {
                "type": "response.create",
                "response": {
                    "input": [
                        {
                            "type": "message",
                            "role": "user",
                            "content": [{"type": "text", "text": "a"}],
                        }
                    ]
                },
            },
            "invalid_value",
            "response.input[0].content[0].type",
        ),
    ],
)
def test_a_wrong_event_is_refused_in_the_clients_words(event: Event, code: str, param: str) -> None:
    assert refused(event) == (code, param)


def test_supported_values_are_those_of_beta() -> None:
    with pytest.raises(ProtocolError) as part:
        decode(message("assistant", {"type": "input_text", "text": "a"}))
    with pytest.raises(ProtocolError) as kind:
        decode({"type": "no.such.event"})

    assert part.value.message == "Invalid value: 'input_text'. Supported values are: 'text'."
    assert "'transcription_session.update'" in kind.value.message


def test_an_answer_is_asked_for_with_flat_overrides() -> None:
    found = as_ga(
        {
            "type": "response.create",
            "response": {
                "modalities": ["text", "audio"],
                "voice": "ash",
                "output_audio_format": "g711_ulaw",
                "instructions": "Be brief.",
                "tools": [],
                "tool_choice": "none",
                "temperature": 1.1,
                "conversation": "none",
                "max_response_output_tokens": 50,
                "max_output_tokens": 60,
                "metadata": {"topic": "x"},
                "input": [
                    {"type": "item_reference", "id": "item_1"},
                    {
                        "type": "message",
                        "role": "assistant",
                        "content": [{"type": "text", "text": "Hi."}],
                    },
                ],
            },
        }
    )

    assert found["response"] == {
        "conversation": "none",
        "input": [
            {"type": "item_reference", "id": "item_1"},
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "Hi."}],
            },
        ],
        "instructions": "Be brief.",
        "output_modalities": ["audio"],
        "audio": {"output": {"format": {"type": "audio/pcmu"}, "voice": "ash"}},
        "tools": [],
        "tool_choice": "none",
        "max_output_tokens": 50,
        "metadata": {"topic": "x"},
        "temperature": 1.1,
    }


@pytest.mark.parametrize("response", [{}, {"response": None}, {"response": {}}])
def test_an_answer_may_be_asked_for_without_a_word(response: Event) -> None:
    assert as_ga({"type": "response.create", **response})["type"] == "response.create"


def test_the_longer_name_of_the_limit_is_not_needed() -> None:
    event = {"type": "response.create", "response": {"max_output_tokens": 60}}

    assert as_ga(event)["response"] == {"max_output_tokens": 60}
