"""The effective session: its defaults, how an update merges into it, what is refused by name.

Nothing is echoed that is not enacted. Null and default values of refused fields are accepted.
Source: protocol reference, "Session configuration" (20, sections 1 to 6).
"""

import re
from collections.abc import Callable, Mapping

from msgspec import UNSET, Struct, UnsetType, structs

from vivavoce.core.left_out import can_reason, default_reasoning
from vivavoce.core.options import SessionOptions
from vivavoce.core.tracing_settings import merge_tracing
from vivavoce.core.transcription_settings import check_include, check_transcription
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Tool
from vivavoce.media.noise import MAX_STRENGTH
from vivavoce.protocol.audio_settings import (
    CustomVoice,
    NoiseReduction,
    PcmFormat,
    SemanticVad,
    ServerVad,
    Transcription,
    Voice,
)
from vivavoce.protocol.session import (
    AudioInput,
    AudioInputUpdate,
    AudioOutput,
    AudioOutputUpdate,
    RealtimeSession,
    RealtimeSessionUpdate,
    SessionAudio,
)
from vivavoce.protocol.tools import FunctionTool, McpTool, NamedFunction, NamedMcp

CUSTOM_VOICE_ID = re.compile(r"voice_[A-Za-z0-9_-]{1,120}")
CheckTool = Callable[[Tool], None]
"""Raises ProtocolError for a tool whose schema the language model cannot honour."""


def initial_session(options: SessionOptions, session_id: str, expires_at: int) -> RealtimeSession:
    """Return the session as a client finds it."""
    vad = ServerVad(
        threshold=0.5,
        prefix_padding_ms=300,
        silence_duration_ms=options.silence_duration_ms,
        idle_timeout_ms=None,
        create_response=options.kind == "realtime",
        interrupt_response=options.kind == "realtime",
    )
    return RealtimeSession(
        id=session_id,
        object="realtime.session",
        model=options.model,
        output_modalities=("audio",),
        instructions=options.instructions,
        tools=(),
        tool_choice="auto",
        max_output_tokens="inf",
        tracing=None,
        truncation="auto",
        prompt=None,
        expires_at=expires_at,
        audio=SessionAudio(
            input=AudioInput(
                format=PcmFormat(), transcription=None, noise_reduction=None, turn_detection=vad
            ),
            output=AudioOutput(format=PcmFormat(), voice=options.default_voice, speed=1.0),
        ),
        include=None,
        reasoning=default_reasoning(options),
        temperature=UNSET if options.temperature is None else options.temperature,
    )


def merge(
    current: RealtimeSession,
    update: object,
    *,
    options: SessionOptions,
    spoke_already: bool,
    check_tool: CheckTool,
) -> RealtimeSession:
    """Return `current` with the fields that `update` mentions.

    Args:
        current: the effective session; not changed.
        update: the `session` of a `session.update`.
        options: voices and defaults.
        spoke_already: whether the voice is fixed by audio already made.
        check_tool: the language model's say on each function tool.

    Raises:
        ProtocolError: a field is refused or wrong; nothing is to be applied then.
    """
    if not isinstance(update, RealtimeSessionUpdate):
        raise ProtocolError(
            "A transcription session update cannot be applied to a realtime session.",
            code="invalid_parameter",
            param="session",
        )
    if not can_reason(update.reasoning, options):
        raise refused("session.reasoning", "the language model does not think as hard as that")
    check_include(update.include, "session.include", options.transcriber)
    changes = mentioned(update, but=("type", "model", "audio", "tracing"))
    if update.reasoning is None:
        changes["reasoning"] = default_reasoning(options)
    changes["tracing"] = merge_tracing(current.tracing, update.tracing)
    if isinstance(update.audio, Struct):
        if isinstance(update.audio.input, Struct):
            merged = _merge_input(current.audio.input, update.audio.input, options)
            changes["audio"] = structs.replace(current.audio, input=merged)
        if isinstance(update.audio.output, Struct):
            audio = changes.get("audio", current.audio)
            assert isinstance(audio, SessionAudio)
            output = _merge_output(audio.output, update.audio.output, options, spoke_already)
            changes["audio"] = structs.replace(audio, output=output)
    merged_session = structs.replace(current, **changes)
    read_tools(merged_session.tools, "session", check_tool)
    read_tool_choice(merged_session.tool_choice, merged_session.tools, "session")
    return merged_session


def mentioned(update: Struct, but: tuple[str, ...] = ()) -> dict[str, object]:
    """Return the members of an update that the client sent."""
    return {
        name: value
        for name in update.__struct_fields__
        if name not in but and (value := getattr(update, name)) is not UNSET
    }


def read_tools(tools: object, where: str, check_tool: CheckTool) -> tuple[Tool, ...]:
    """Return function tools as the language model takes them.

    Raises:
        ProtocolError: a tool is of a refused kind, or its schema cannot be honoured; `param`
            starts with `where`.
    """
    if not tools or not isinstance(tools, (tuple, list)):
        return ()
    read: list[Tool] = []
    for index, tool in enumerate(tools):
        path = f"{where}.tools[{index}]"
        if isinstance(tool, McpTool):
            continue  # what it offers is known later: `mcp_offer`
        assert isinstance(tool, FunctionTool)
        if any(tool.name == other.name for other in read):
            raise ProtocolError(f"Duplicate tool name: '{tool.name}'", param=f"{path}.name")
        parameters = tool.parameters if isinstance(tool.parameters, Mapping) else None
        description = tool.description if isinstance(tool.description, str) else ""
        candidate = Tool(tool.name, description, parameters)
        _check(candidate, path, check_tool)
        read.append(candidate)
    return tuple(read)


def read_tool_choice(choice: object, tools: object, where: str) -> str:
    """Return the choice in the form of `interfaces.Prompt.tool_choice`.

    Raises:
        ProtocolError: it names something that does not exist.
    """
    param = f"{where}.tool_choice"
    match choice:
        case str():
            return choice
        case NamedFunction(name=name):
            listed = tools if isinstance(tools, (tuple, list)) else ()
            if not any(isinstance(tool, FunctionTool) and tool.name == name for tool in listed):
                raise ProtocolError(f"Tool choice '{name}' not found in tools", param=param)
            return f"function:{name}"
        case NamedMcp(server_label=label):
            listed = tools if isinstance(tools, (tuple, list)) else ()
            if not any(isinstance(tool, McpTool) and tool.server_label == label for tool in listed):
                message = f"Tool choice '{label}' not found in tools"
                raise ProtocolError(message, param=param)
            return "required"
        case _:
            return "auto"


def check_voice(voice: object, options: SessionOptions, param: str) -> str:
    """Return the name of a voice that exists.

    Raises:
        ProtocolError: no such voice; names those there are.
    """
    if isinstance(voice, CustomVoice):
        if options.custom_voices and CUSTOM_VOICE_ID.fullmatch(voice.id):
            return voice.id
        raise refused(param, "the synthesizer here knows no such custom voice")
    assert isinstance(voice, str)
    if options.voices and voice not in options.voices:
        names = ", ".join(f"'{name}'" for name in options.voices)
        raise ProtocolError(
            f"Invalid value: '{voice}'. Supported values are: {names}.", param=param
        )
    return voice


def voice_name(voice: Voice) -> str:
    """Return a voice as the synthesizer is told of it: its name, or the id of a custom one."""
    return voice.id if isinstance(voice, CustomVoice) else voice


def merge_noise_reduction(
    current: NoiseReduction | None, update: NoiseReduction, where: str
) -> NoiseReduction:
    """Return the noise reduction after an update, which keeps the strength if it names none.

    Args:
        current: the effective one; None: it is off.
        update: as received.
        where: its path on the wire.

    Raises:
        ProtocolError: more strength than there is.
    """
    base = NoiseReduction(type=update.type, strength=1.0) if current is None else current
    merged = structs.replace(base, **mentioned(update))
    assert not isinstance(merged.strength, UnsetType)
    if merged.strength > MAX_STRENGTH:
        raise ProtocolError(
            f"Invalid value: {merged.strength:g}. It must be at most {MAX_STRENGTH:g}.",
            param=f"{where}.strength",
        )
    return merged


def refused(param: str, why: str) -> ProtocolError:
    """Return the error for a field that is known but not enacted here."""
    return ProtocolError(f"'{param}' is not supported: {why}.", param=param)


def _check(tool: Tool, path: str, check_tool: CheckTool) -> None:
    try:
        check_tool(tool)
    except ProtocolError as error:
        param = f"{path}.{error.param}" if error.param else path
        raise ProtocolError(error.message, code=error.code, param=param) from error


def _merge_input(
    current: AudioInput, update: AudioInputUpdate, options: SessionOptions
) -> AudioInput:
    changes = mentioned(update)
    where = "session.audio.input"
    if isinstance(update.noise_reduction, NoiseReduction):
        changes["noise_reduction"] = merge_noise_reduction(
            current.noise_reduction, update.noise_reduction, f"{where}.noise_reduction"
        )
    match update.turn_detection:
        case ServerVad() as vad:
            changes["turn_detection"] = _merge_vad(current.turn_detection, vad, options)
        case SemanticVad() as vad:
            changes["turn_detection"] = _merge_semantic_vad(current.turn_detection, vad)
        case _:
            pass
    if isinstance(update.transcription, Transcription):
        check_transcription(update.transcription, f"{where}.transcription", options)
    return structs.replace(current, **changes)


def _merge_vad(current: object, update: ServerVad, options: SessionOptions) -> ServerVad:
    default = initial_session(options, "", 0).audio.input.turn_detection
    base = current if isinstance(current, ServerVad) else default
    assert isinstance(base, ServerVad)
    return structs.replace(base, **mentioned(update))


def _merge_semantic_vad(current: object, update: SemanticVad) -> SemanticVad:
    default = SemanticVad(eagerness="auto", create_response=True, interrupt_response=True)
    base = current if isinstance(current, SemanticVad) else default
    return structs.replace(base, **mentioned(update))


def _merge_output(
    current: AudioOutput, update: AudioOutputUpdate, options: SessionOptions, spoke_already: bool
) -> AudioOutput:
    changes = mentioned(update)
    if not isinstance(update.voice, UnsetType):
        voice = check_voice(update.voice, options, "session.audio.output.voice")
        if spoke_already and voice != voice_name(current.voice):
            raise ProtocolError(
                "Cannot update a conversation's voice if assistant audio is present.",
                code="cannot_update_voice",
            )
    return structs.replace(current, **changes)
