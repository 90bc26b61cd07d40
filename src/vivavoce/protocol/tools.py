"""The tools a session may use, and which one it must. Source: 20-session-config, section 5."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

FunctionName = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}\Z")]


class FunctionTool(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="function",
    forbid_unknown_fields=True,
):
    """A function the client runs."""

    name: FunctionName
    description: str | UnsetType = UNSET
    parameters: dict[str, object] | UnsetType = UNSET
    """JSON Schema of the arguments."""


class McpToolFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Picks some of an MCP server's tools."""

    tool_names: tuple[str, ...] | UnsetType | None = UNSET
    read_only: bool | UnsetType | None = UNSET
    """Matches the MCP annotation `readOnlyHint`."""


class McpApprovalFilter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which MCP tools need the client's approval and which never do."""

    always: McpToolFilter | UnsetType | None = UNSET
    never: McpToolFilter | UnsetType | None = UNSET


ConnectorId = Literal[
    "connector_dropbox",
    "connector_gmail",
    "connector_googlecalendar",
    "connector_googledrive",
    "connector_microsoftteams",
    "connector_outlookcalendar",
    "connector_outlookemail",
    "connector_sharepoint",
]


class McpTool(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="mcp",
    forbid_unknown_fields=True,
):
    """An MCP server whose tools the server calls itself."""

    server_label: str
    server_url: str | UnsetType | None = UNSET
    connector_id: ConnectorId | UnsetType | None = UNSET
    tunnel_id: str | UnsetType | None = UNSET
    authorization: str | UnsetType | None = UNSET
    """Access token; never echoed."""
    headers: dict[str, str] | UnsetType | None = UNSET
    """Extra HTTP headers; never echoed."""
    allowed_tools: tuple[str, ...] | McpToolFilter | UnsetType | None = UNSET
    require_approval: McpApprovalFilter | Literal["always", "never"] | UnsetType | None = UNSET
    server_description: str | UnsetType | None = UNSET
    defer_loading: bool | UnsetType | None = UNSET
    allowed_callers: (
        Annotated[tuple[Literal["direct", "programmatic"], ...], Meta(min_length=1)]
        | UnsetType
        | None
    ) = UNSET


Tool = FunctionTool | McpTool


class NamedFunction(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="function",
    forbid_unknown_fields=True,
):
    """A `tool_choice` that demands one function."""

    name: str


class NamedMcp(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="mcp",
    forbid_unknown_fields=True,
):
    """A `tool_choice` that demands an MCP server, or one tool of it."""

    server_label: str
    name: str | UnsetType | None = UNSET


ToolChoice = Literal["none", "auto", "required"] | NamedFunction | NamedMcp
