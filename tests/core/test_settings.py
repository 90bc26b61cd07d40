"""Updates merge, or are refused by name."""

import json

import pytest

from vivavoce.core.options import SessionOptions
from vivavoce.core.settings import initial_session, merge, read_tool_choice, read_tools
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Tool
from vivavoce.protocol.audio_settings import PcmuFormat, ServerVad
from vivavoce.protocol.client_events import SessionUpdate
from vivavoce.protocol.codec import decode_client_event
from vivavoce.protocol.session import RealtimeSession
from vivavoce.protocol.tools import FunctionTool, McpTool, NamedFunction, NamedMcp

OPTIONS = SessionOptions(voices=("alloy", "marin"), silence_duration_ms=700)
INITIAL = initial_session(OPTIONS, "sess_1", 0)


def accept(tool: Tool) -> None:
    pass


def updated(
    session: RealtimeSession = INITIAL, spoke_already: bool = False, /, **fields: object
) -> RealtimeSession:
    text = json.dumps({"type": "session.update", "session": {"type": "realtime", **fields}})
    event = decode_client_event(text)
    assert isinstance(event, SessionUpdate)
    return merge(
        session,
        event.session,
        options=OPTIONS,
        spoke_already=spoke_already,
        check_tool=accept,
    )


def vad(session: RealtimeSession) -> ServerVad:
    detection = session.audio.input.turn_detection
    assert isinstance(detection, ServerVad)
    return detection


def test_the_silence_that_ends_a_turn_is_the_operators() -> None:
    assert vad(INITIAL).silence_duration_ms == 700


def test_an_update_without_members_changes_nothing() -> None:
    assert updated() == INITIAL


def test_members_that_are_not_mentioned_stay() -> None:
    session = updated(audio={"output": {"voice": "marin"}}, instructions="Be brief.")
    session = updated(session, audio={"output": {"speed": 1.5}})
    session = updated(session, audio={"input": {"format": {"type": "audio/pcmu"}}})
    session = updated(session, audio={"input": {}, "output": {}})

    assert session.instructions == "Be brief."
    assert (session.audio.output.voice, session.audio.output.speed) == ("marin", 1.5)
    assert session.audio.input.format == PcmuFormat()
    assert vad(session) == vad(INITIAL)


def test_input_and_output_can_change_together() -> None:
    session = updated(audio={"input": {"turn_detection": None}, "output": {"speed": 0.5}})

    assert session.audio.input.turn_detection is None
    assert session.audio.output.speed == 0.5


def test_turn_detection_merges_with_what_there_is_or_with_the_defaults() -> None:
    some = updated(audio={"input": {"turn_detection": {"type": "server_vad", "threshold": 0.8}}})
    more = updated(
        some, audio={"input": {"turn_detection": {"type": "server_vad", "prefix_padding_ms": 0}}}
    )
    none = updated(more, audio={"input": {"turn_detection": None}})
    again = updated(none, audio={"input": {"turn_detection": {"type": "server_vad"}}})

    assert (vad(more).threshold, vad(more).prefix_padding_ms) == (0.8, 0)
    assert vad(again) == vad(INITIAL)


def test_the_model_and_nulls_of_refused_fields_are_accepted_without_effect() -> None:
    session = updated(model="other", prompt=None, tracing=None, include=None)

    assert session == INITIAL


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tracing": {"metadata": {"x": "y" * 20_000}}}, "session.tracing"),
        ({"reasoning": {"effort": "low"}}, "session.reasoning"),
        (
            {"audio": {"input": {"noise_reduction": {"type": "far_field", "strength": 2.5}}}},
            "session.audio.input.noise_reduction.strength",
        ),
        (
            {"audio": {"input": {"transcription": {"model": "nonsense"}}}},
            "session.audio.input.transcription.model",
        ),
        (
            {"audio": {"input": {"transcription": {"languages": ["en", "de"]}}}},
            "session.audio.input.transcription.languages",
        ),
        (
            {"audio": {"input": {"transcription": {"delay": "low"}}}},
            "session.audio.input.transcription.delay",
        ),
        ({"audio": {"output": {"voice": "nobody"}}}, "session.audio.output.voice"),
        ({"audio": {"output": {"voice": {"id": "voice_1"}}}}, "session.audio.output.voice"),
        ({"tool_choice": {"type": "function", "name": "f"}}, "session.tool_choice"),
        ({"tool_choice": {"type": "mcp", "server_label": "a"}}, "session.tool_choice"),
    ],
)
def test_what_is_not_enacted_is_refused_by_name(fields: dict[str, object], param: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        updated(INITIAL, False, **fields)

    assert (caught.value.code, caught.value.param) == ("invalid_value", param)


def test_another_kind_of_session_cannot_be_made_of_this_one() -> None:
    event = decode_client_event('{"type": "session.update", "session": {"type": "transcription"}}')
    assert isinstance(event, SessionUpdate)

    with pytest.raises(ProtocolError) as caught:
        merge(INITIAL, event.session, options=OPTIONS, spoke_already=False, check_tool=accept)

    assert (caught.value.code, caught.value.param) == ("invalid_parameter", "session")


def test_every_voice_is_accepted_when_the_synthesizer_lists_none() -> None:
    event = decode_client_event(
        '{"type": "session.update",'
        ' "session": {"type": "realtime", "audio": {"output": {"voice": "any"}}}}'
    )
    assert isinstance(event, SessionUpdate)

    session = merge(
        INITIAL,
        event.session,
        options=SessionOptions(voices=()),
        spoke_already=False,
        check_tool=accept,
    )

    assert session.audio.output.voice == "any"


def test_the_voice_is_fixed_by_the_first_sound() -> None:
    same = updated(INITIAL, True, audio={"output": {"voice": "alloy"}})
    assert same == INITIAL

    with pytest.raises(ProtocolError) as caught:
        updated(INITIAL, True, audio={"output": {"voice": "marin"}})
    assert caught.value.code == "cannot_update_voice"


def test_tools_are_read_as_the_language_model_takes_them() -> None:
    schema: dict[str, object] = {"type": "object"}
    tools = (
        FunctionTool(name="f", description="Does f.", parameters=schema),
        FunctionTool(name="g"),
    )

    assert read_tools(tools, "session", accept) == (Tool("f", "Does f.", schema), Tool("g"))
    assert read_tools((), "session", accept) == ()


def test_a_tool_name_may_be_used_once() -> None:
    with pytest.raises(ProtocolError) as caught:
        read_tools((FunctionTool(name="f"), FunctionTool(name="f")), "session", accept)
    assert caught.value.param == "session.tools[1].name"


@pytest.mark.parametrize(
    ("param", "whole"),
    [("parameters.pattern", "session.tools[0].parameters.pattern"), (None, "session.tools[0]")],
)
def test_what_the_language_model_refuses_of_a_tool_is_named_in_full(
    param: str | None, whole: str
) -> None:
    def refuse(tool: Tool) -> None:
        raise ProtocolError("cannot honour it", param=param)

    with pytest.raises(ProtocolError) as caught:
        read_tools((FunctionTool(name="f"),), "session", refuse)

    assert caught.value.param == whole


def test_a_tool_choice_is_a_word_or_a_tool_that_exists() -> None:
    tools = (FunctionTool(name="f"),)

    assert read_tool_choice("required", tools, "session") == "required"
    assert read_tool_choice(NamedFunction(name="f"), tools, "session") == "function:f"
    for wrong in (NamedFunction(name="g"), NamedMcp(server_label="a")):
        with pytest.raises(ProtocolError):
            read_tool_choice(wrong, tools, "session")


def test_the_choice_of_a_server_demands_that_one_of_its_tools_is_called() -> None:
    tools = (McpTool(server_label="a", server_url="https://a.example"),)

    assert read_tools(tools, "response", accept) == ()  # what they are is known later
    assert read_tool_choice(NamedMcp(server_label="a"), tools, "session") == "required"
