"""The settings of one response: the session's, with the response's own laid over them.

Source: protocol reference, "response.create" (30-client-events).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from msgspec import UNSET, UnsetType

from vivavoce.core.left_out import REASONING, can_reason
from vivavoce.core.options import SessionOptions
from vivavoce.core.server_tool import ServerTool
from vivavoce.core.settings import (
    CheckTool,
    check_voice,
    read_tool_choice,
    read_tools,
    refused,
    voice_name,
)
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Tool
from vivavoce.protocol.audio_settings import AudioFormat
from vivavoce.protocol.response import ResponseCreateAudioOutput, ResponseCreateParams
from vivavoce.protocol.session import RealtimeSession, Reasoning
from vivavoce.protocol.tools import McpTool, NamedMcp

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ResponseSettings:
    """The session's settings with a response's own laid over them."""

    modality: Literal["text", "audio"]
    instructions: str
    tools: tuple[Tool, ...]
    tool_choice: str
    """As in `interfaces.Prompt`."""
    max_output_tokens: int | Literal["inf"]
    voice: str
    audio_format: AudioFormat
    speed: float
    metadata: dict[str, str] | None = None
    temperature: float | UnsetType = UNSET
    reasoning_effort: str | None = None
    parallel_tool_calls: bool = True
    in_conversation: bool = True
    servers: tuple[McpTool, ...] = ()
    """Whose tools are wanted besides `tools`."""
    server_choice: NamedMcp | None = None
    """Which of them must be called; None: as `tool_choice` says."""
    server_tools: Mapping[str, ServerTool] = field(default_factory=dict)
    """Those of `tools` that are servers', by the name the language model is given."""
    lacks_choice: bool = False
    """Whether there is no tool as `server_choice` demands it."""


def settings_of_session(session: RealtimeSession, check_tool: CheckTool) -> ResponseSettings:
    """Return what an automatic response uses."""
    output = session.audio.output
    return ResponseSettings(
        modality=session.output_modalities[0],
        instructions=session.instructions,
        tools=read_tools(session.tools, "session", check_tool),
        tool_choice=read_tool_choice(session.tool_choice, session.tools, "session"),
        servers=_servers(session.tools),
        server_choice=_server_choice(session.tool_choice),
        max_output_tokens=session.max_output_tokens,
        temperature=session.temperature,
        reasoning_effort=_effort(session.reasoning),
        parallel_tool_calls=session.parallel_tool_calls is not False,
        voice=voice_name(output.voice),
        audio_format=output.format,
        speed=output.speed,
    )


def resolve(
    session: RealtimeSession,
    params: ResponseCreateParams,
    *,
    options: SessionOptions,
    spoke_already: bool,
    check_tool: CheckTool,
) -> ResponseSettings:
    """Return the settings of a response that a client asked for.

    Args:
        session: the effective session.
        params: the overrides; members left away are the session's.
        options: voices.
        spoke_already: whether the conversation's voice is fixed by audio already made.
        check_tool: the language model's say on each function tool.

    Raises:
        ProtocolError: an override is refused or wrong.
    """
    base = settings_of_session(session, check_tool)
    in_conversation = params.conversation != "none"
    output = _audio_output(params)
    voice = base.voice
    if not isinstance(output.voice, UnsetType):
        voice = check_voice(output.voice, options, "response.audio.output.voice")
        if in_conversation and spoke_already and voice != base.voice:
            raise ProtocolError(
                "Cannot update a conversation's voice if assistant audio is present.",
                code="cannot_update_voice",
            )
    tools = session.tools if isinstance(params.tools, UnsetType) else params.tools
    choice = (
        session.tool_choice if isinstance(params.tool_choice, UnsetType) else params.tool_choice
    )
    return ResponseSettings(
        modality=_or(params.output_modalities, (base.modality,))[0],
        instructions=_or(params.instructions, base.instructions),
        tools=read_tools(tools, "response", check_tool),
        tool_choice=read_tool_choice(choice, tools, "response"),
        servers=_servers(tools),
        server_choice=_server_choice(choice),
        max_output_tokens=_max_tokens(params, base),
        reasoning_effort=_effort_of_response(params, base, options),
        parallel_tool_calls=_or(params.parallel_tool_calls, base.parallel_tool_calls),
        temperature=base.temperature if params.temperature is UNSET else params.temperature,
        voice=voice,
        audio_format=_or(output.format, base.audio_format),
        speed=base.speed,
        metadata=_or(params.metadata, None),
        in_conversation=in_conversation,
    )


def _servers(tools: object) -> tuple[McpTool, ...]:
    listed = tools if isinstance(tools, (tuple, list)) else ()
    return tuple(tool for tool in listed if isinstance(tool, McpTool))


def _server_choice(choice: object) -> NamedMcp | None:
    return choice if isinstance(choice, NamedMcp) else None


def _effort(reasoning: Reasoning | UnsetType) -> str | None:
    if isinstance(reasoning, UnsetType) or isinstance(reasoning.effort, UnsetType):
        return None
    return reasoning.effort


def _effort_of_response(
    params: ResponseCreateParams, base: ResponseSettings, options: SessionOptions
) -> str | None:
    if can_reason(params.reasoning, options):
        return _effort(params.reasoning) or base.reasoning_effort
    if REASONING in options.leave_out:
        return base.reasoning_effort
    raise refused("response.reasoning", "the language model does not think as hard as that")


def _audio_output(params: ResponseCreateParams) -> ResponseCreateAudioOutput:
    if isinstance(params.audio, UnsetType) or isinstance(params.audio.output, UnsetType):
        return ResponseCreateAudioOutput()
    return params.audio.output


def _max_tokens(params: ResponseCreateParams, base: ResponseSettings) -> int | Literal["inf"]:
    limit = params.max_output_tokens
    return base.max_output_tokens if isinstance(limit, UnsetType) else limit


def _or(value: T | UnsetType, default: T) -> T:
    return default if isinstance(value, UnsetType) else value
