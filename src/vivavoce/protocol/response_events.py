"""The events of answers, from `response.created` to `response.done`, and those of MCP.

Source: 40-server-events. For the order in which they come see 50-flows.
"""

from msgspec import UNSET, Struct, UnsetType

from vivavoce.protocol.items import Item
from vivavoce.protocol.response import Response
from vivavoce.protocol.server_event_base import ServerEventBase


class PartAudio(Struct, frozen=True, kw_only=True, tag_field="type", tag="audio"):
    """The `part` of a spoken answer, in GA too not named `output_audio`."""

    transcript: str


class PartText(Struct, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """The `part` of a written answer, in GA too not named `output_text`."""

    text: str


Part = PartAudio | PartText


class ResponseCreated(ServerEventBase, frozen=True, kw_only=True, tag="response.created"):
    """An answer begins."""

    response: Response


class ResponseDone(ServerEventBase, frozen=True, kw_only=True, tag="response.done"):
    """An answer is over: exactly one for each, last of its events."""

    response: Response


class ResponseOutputItemAdded(
    ServerEventBase, frozen=True, kw_only=True, tag="response.output_item.added"
):
    """An item of the answer begins."""

    response_id: str
    output_index: int
    item: Item


class ResponseOutputItemDone(
    ServerEventBase, frozen=True, kw_only=True, tag="response.output_item.done"
):
    """An item of the answer is final."""

    response_id: str
    output_index: int
    item: Item


class ResponseContentPartAdded(
    ServerEventBase, frozen=True, kw_only=True, tag="response.content_part.added"
):
    """A part of a message begins."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int
    part: Part


class ResponseContentPartDone(
    ServerEventBase, frozen=True, kw_only=True, tag="response.content_part.done"
):
    """A part of a message is final."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int
    part: Part


class ResponseOutputTextDelta(
    ServerEventBase, frozen=True, kw_only=True, tag="response.output_text.delta"
):
    """More of a written answer."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int
    delta: str
    obfuscation: str | UnsetType = UNSET


class ResponseOutputTextDone(
    ServerEventBase, frozen=True, kw_only=True, tag="response.output_text.done"
):
    """A written answer as a whole."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int
    text: str


class ResponseOutputAudioTranscriptDelta(
    ServerEventBase, frozen=True, kw_only=True, tag="response.output_audio_transcript.delta"
):
    """More words of a spoken answer."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int
    delta: str
    obfuscation: str | UnsetType = UNSET


class ResponseOutputAudioTranscriptDone(
    ServerEventBase, frozen=True, kw_only=True, tag="response.output_audio_transcript.done"
):
    """All words of a spoken answer."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int
    transcript: str


class ResponseOutputAudioDelta(
    ServerEventBase, frozen=True, kw_only=True, tag="response.output_audio.delta"
):
    """More sound of a spoken answer (WebSocket)."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int
    delta: bytes
    """In the response's output format; base64 on the wire."""


class ResponseOutputAudioDone(
    ServerEventBase, frozen=True, kw_only=True, tag="response.output_audio.done"
):
    """The sound of a spoken answer is complete."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int


class ResponseFunctionCallArgumentsDelta(
    ServerEventBase, frozen=True, kw_only=True, tag="response.function_call_arguments.delta"
):
    """More of the arguments of a call."""

    response_id: str
    item_id: str
    output_index: int
    call_id: str
    delta: str
    obfuscation: str | UnsetType = UNSET


class ResponseFunctionCallArgumentsDone(
    ServerEventBase, frozen=True, kw_only=True, tag="response.function_call_arguments.done"
):
    """All arguments of a call."""

    response_id: str
    item_id: str
    output_index: int
    call_id: str
    name: str
    arguments: str
    """JSON text."""


# --- MCP -------------------------------------------------------------------------------------


class ResponseMcpCallArgumentsDelta(
    ServerEventBase, frozen=True, kw_only=True, tag="response.mcp_call_arguments.delta"
):
    """More of the arguments of an MCP call."""

    response_id: str
    item_id: str
    output_index: int
    delta: str
    obfuscation: str = ""
    """Always sent: the agents-js schema requires it."""


class ResponseMcpCallArgumentsDone(
    ServerEventBase, frozen=True, kw_only=True, tag="response.mcp_call_arguments.done"
):
    """All arguments of an MCP call."""

    response_id: str
    item_id: str
    output_index: int
    arguments: str
    """JSON text."""


class ResponseMcpCallInProgress(
    ServerEventBase, frozen=True, kw_only=True, tag="response.mcp_call.in_progress"
):
    """An MCP tool is being called."""

    item_id: str
    output_index: int


class ResponseMcpCallCompleted(
    ServerEventBase, frozen=True, kw_only=True, tag="response.mcp_call.completed"
):
    """An MCP tool answered."""

    item_id: str
    output_index: int


class ResponseMcpCallFailed(
    ServerEventBase, frozen=True, kw_only=True, tag="response.mcp_call.failed"
):
    """An MCP tool failed."""

    item_id: str
    output_index: int


class McpListToolsInProgress(
    ServerEventBase, frozen=True, kw_only=True, tag="mcp_list_tools.in_progress"
):
    """An MCP server is being asked for its tools."""

    item_id: str


class McpListToolsCompleted(
    ServerEventBase, frozen=True, kw_only=True, tag="mcp_list_tools.completed"
):
    """An MCP server's tools are known."""

    item_id: str


class McpListToolsFailed(ServerEventBase, frozen=True, kw_only=True, tag="mcp_list_tools.failed"):
    """An MCP server did not tell its tools."""

    item_id: str
