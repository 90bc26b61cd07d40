"""The effective session: its defaults, how an update merges into it, what is refused by name.

Nothing is echoed that is not enacted. Null and default values of refused fields are accepted.
Source: protocol reference, "Session configuration" (20, sections 1 to 6).
"""

from collections.abc import Callable, Mapping

from msgspec import UNSET, Struct, UnsetType, structs

from vivavoce.core.options import SessionOptions
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Tool
from vivavoce.protocol.session import (
    AudioInput,
    AudioInputUpdate,
    AudioOutput,
    AudioOutputUpdate,
    CustomVoice,
    FunctionTool,
    McpTool,
    NamedFunction,
    NamedMcp,
    PcmFormat,
    RealtimeSession,
    RealtimeSessionUpdate,
    SemanticVad,
    ServerVad,
    SessionAudio,
    TracingConfiguration,
    Transcription,
)

CheckTool = Callable[[Tool], None]
"""Raises ProtocolError for a tool whose schema the language model cannot honour."""

TRANSCRIPTION_MODELS = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-transcribe",
    "gpt-live-transcribe",
    "gpt-realtime-whisper",
)
"""Names of the reference (60, section 6), all served by the one transcriber; the diarizing model is
refused: no bundled engine tells speakers apart."""


def initial_session(options: SessionOptions, session_id: str, expires_at: int) -> RealtimeSession:
    """Return the session as a client finds it."""
    vad = ServerVad(
        threshold=0.5,
        prefix_padding_ms=300,
        silence_duration_ms=options.silence_duration_ms,
        idle_timeout_ms=None,
        create_response=True,
        interrupt_response=True,
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
    _refuse_what_is_not_enacted(update)
    changes = mentioned(update, but=("type", "model", "audio", "tracing", "prompt", "reasoning"))
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
            raise refused(f"{path}.type", "MCP tools are not available on this server")
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
        case NamedMcp():
            raise refused(param, "MCP tools are not available on this server")
        case _:
            return "auto"


def check_voice(voice: object, options: SessionOptions, param: str) -> str:
    """Return the name of a voice that exists.

    Raises:
        ProtocolError: no such voice; names those there are.
    """
    if isinstance(voice, CustomVoice):
        raise refused(param, "custom voices are not available on this server")
    assert isinstance(voice, str)
    if options.voices and voice not in options.voices:
        names = ", ".join(f"'{name}'" for name in options.voices)
        raise ProtocolError(
            f"Invalid value: '{voice}'. Supported values are: {names}.", param=param
        )
    return voice


def refused(param: str, why: str) -> ProtocolError:
    """Return the error for a field that is known but not enacted here."""
    return ProtocolError(f"'{param}' is not supported: {why}.", param=param)


def _check(tool: Tool, path: str, check_tool: CheckTool) -> None:
    try:
        check_tool(tool)
    except ProtocolError as error:
        param = f"{path}.{error.param}" if error.param else path
        raise ProtocolError(error.message, code=error.code, param=param) from error


def _refuse_what_is_not_enacted(update: RealtimeSessionUpdate) -> None:
    if isinstance(update.prompt, Struct):
        raise refused("session.prompt", "stored prompts are not available on this server")
    if isinstance(update.tracing, (str, TracingConfiguration)):
        raise refused("session.tracing", "tracing is not available on this server")
    if isinstance(update.reasoning, Struct):
        raise refused("session.reasoning", "the language model does not reason")


def _merge_input(
    current: AudioInput, update: AudioInputUpdate, options: SessionOptions
) -> AudioInput:
    changes = mentioned(update)
    where = "session.audio.input"
    if isinstance(update.noise_reduction, Struct):
        raise refused(f"{where}.noise_reduction", "noise reduction is not available on this server")
    if isinstance(update.turn_detection, SemanticVad):
        raise refused(
            f"{where}.turn_detection.type", "'semantic_vad' is not available on this server"
        )
    if isinstance(update.turn_detection, ServerVad):
        changes["turn_detection"] = _merge_vad(
            current.turn_detection, update.turn_detection, options
        )
    if isinstance(update.transcription, Transcription):
        _check_transcription(update.transcription, f"{where}.transcription")
    return structs.replace(current, **changes)


def _merge_vad(current: object, update: ServerVad, options: SessionOptions) -> ServerVad:
    default = initial_session(options, "", 0).audio.input.turn_detection
    base = current if isinstance(current, ServerVad) else default
    assert isinstance(base, ServerVad)
    return structs.replace(base, **mentioned(update))


def _check_transcription(transcription: Transcription, where: str) -> None:
    model = transcription.model
    if isinstance(model, str) and model not in TRANSCRIPTION_MODELS:
        names = ", ".join(f"'{name}'" for name in TRANSCRIPTION_MODELS)
        raise ProtocolError(
            f"Invalid value: '{model}'. Supported values are: {names}.", param=f"{where}.model"
        )
    for name in ("languages", "keywords", "delay"):
        if getattr(transcription, name, UNSET) not in (UNSET, None):
            raise refused(f"{where}.{name}", "the transcriber cannot honour it")


def _merge_output(
    current: AudioOutput, update: AudioOutputUpdate, options: SessionOptions, spoke_already: bool
) -> AudioOutput:
    changes = mentioned(update)
    if not isinstance(update.voice, UnsetType):
        voice = check_voice(update.voice, options, "session.audio.output.voice")
        if spoke_already and voice != current.voice:
            raise ProtocolError(
                "Cannot update a conversation's voice if assistant audio is present.",
                code="cannot_update_voice",
            )
    return structs.replace(current, **changes)
