"""Conversation items and their content parts, as clients and the server write them.

The same structs serve both directions: a client leaves `id`, `object`, `status` and what it does
not know away (`UNSET`), the server fills them in. Source: 30-client-events,
"conversation.item.create"; 40-server-events, section 2.
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

ItemStatus = Literal["completed", "incomplete", "in_progress"]


# --- content parts ----------------------------------------------------------------------------


class InputText(Struct, frozen=True, kw_only=True, tag_field="type", tag="input_text"):
    """Text of a user or system message."""

    text: str


class InputAudio(Struct, frozen=True, kw_only=True, tag_field="type", tag="input_audio"):
    """Speech of a user message.

    Towards clients `transcript` is always there (null when unknown) and `audio` only in
    `conversation.item.retrieved`.
    """

    audio: bytes | UnsetType = UNSET
    """In the session's input format; base64 on the wire."""
    transcript: str | UnsetType | None = UNSET


class InputImage(Struct, frozen=True, kw_only=True, tag_field="type", tag="input_image"):
    """A picture in a user message."""

    image_url: str | UnsetType = UNSET
    """A data URL; towards clients left away where it is large or no longer kept."""
    detail: Literal["auto", "low", "high"] | UnsetType = UNSET


class OutputText(Struct, frozen=True, kw_only=True, tag_field="type", tag="output_text"):
    """Text of an assistant message."""

    text: str


class OutputAudio(Struct, frozen=True, kw_only=True, tag_field="type", tag="output_audio"):
    """Speech of an assistant message; never made by a client."""

    audio: bytes | UnsetType = UNSET
    """In the session's output format; only in `conversation.item.retrieved`."""
    transcript: str | UnsetType | None = UNSET


class Text(Struct, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """The Beta name of `output_text`; accepted from clients, never sent."""

    text: str


ContentPart = InputText | InputAudio | InputImage | OutputText | OutputAudio | Text


# --- messages and function calls --------------------------------------------------------------


class Message(Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """Something said, written or shown."""

    id: str | UnsetType = UNSET
    object: Literal["realtime.item"] | UnsetType = UNSET
    status: ItemStatus | UnsetType = UNSET
    role: Literal["system", "user", "assistant"]
    content: tuple[ContentPart, ...]
    phase: str | UnsetType = UNSET
    """`commentary` or `final_answer`, of newer models' assistant messages only."""


class FunctionCall(Struct, frozen=True, kw_only=True, tag_field="type", tag="function_call"):
    """A call the model made of one of the client's functions."""

    id: str | UnsetType = UNSET
    object: Literal["realtime.item"] | UnsetType = UNSET
    status: ItemStatus | UnsetType = UNSET
    name: str
    call_id: str | UnsetType = UNSET
    arguments: str
    """JSON text; empty while the call is being written."""


class FunctionCallOutput(
    Struct, frozen=True, kw_only=True, tag_field="type", tag="function_call_output"
):
    """What the client's function returned."""

    id: str | UnsetType = UNSET
    object: Literal["realtime.item"] | UnsetType = UNSET
    status: ItemStatus | UnsetType = UNSET
    call_id: str
    output: str
    """Any text, normally JSON."""


# --- MCP --------------------------------------------------------------------------------------


class McpToolDefinition(Struct, frozen=True, kw_only=True):
    """One tool in the list an MCP server gave."""

    name: str
    description: str | UnsetType | None = UNSET
    """Towards clients always a string: some read it unasked (80-client-expectations, 3)."""
    input_schema: object
    annotations: object | UnsetType = UNSET


class McpListTools(Struct, frozen=True, kw_only=True, tag_field="type", tag="mcp_list_tools"):
    """The tools of an MCP server."""

    id: str | UnsetType = UNSET
    server_label: str
    tools: tuple[McpToolDefinition, ...]


class McpProtocolError(Struct, frozen=True, kw_only=True, tag_field="type", tag="protocol_error"):
    """The MCP server answered with a JSON-RPC error."""

    code: int
    message: str


class McpToolExecutionError(
    Struct, frozen=True, kw_only=True, tag_field="type", tag="tool_execution_error"
):
    """The tool ran and failed, or was not allowed to run."""

    message: str


class McpHttpError(Struct, frozen=True, kw_only=True, tag_field="type", tag="http_error"):
    """The MCP server could not be reached, or answered with an HTTP error status."""

    code: int
    message: str


McpError = McpProtocolError | McpToolExecutionError | McpHttpError


class McpCall(Struct, frozen=True, kw_only=True, tag_field="type", tag="mcp_call"):
    """A call of an MCP tool, made by the server itself."""

    id: str | UnsetType = UNSET
    server_label: str
    name: str
    arguments: str
    """JSON text."""
    approval_request_id: str | None = None
    output: str | None = None
    error: McpError | None = None


class McpApprovalRequest(
    Struct, frozen=True, kw_only=True, tag_field="type", tag="mcp_approval_request"
):
    """The server asks whether it may call an MCP tool."""

    id: str | UnsetType = UNSET
    server_label: str
    name: str
    arguments: str
    """JSON text."""


class McpApprovalResponse(
    Struct, frozen=True, kw_only=True, tag_field="type", tag="mcp_approval_response"
):
    """The client's answer to an `mcp_approval_request`."""

    id: str | UnsetType = UNSET
    approval_request_id: str
    approve: bool
    reason: str | UnsetType | None = UNSET


Item = (
    Message
    | FunctionCall
    | FunctionCallOutput
    | McpListTools
    | McpCall
    | McpApprovalRequest
    | McpApprovalResponse
)


class ItemReference(Struct, frozen=True, kw_only=True, tag_field="type", tag="item_reference"):
    """Stands for an item of the conversation; legal in `response.create.input` only."""

    id: str


InputItem = Item | ItemReference
"""What `response.create.input` may hold."""
