"""Tools that the server runs itself: MCP servers, and those that come with it.

A session's `mcp` tool names a server by its label, and by an address unless the label is reserved
for one of ours (`files`, `code`) or was set up by the operator. Source: 20-session-config,
section 5.
"""

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct


class ToolServerAddress(Struct, frozen=True, kw_only=True):
    """Which server of tools is meant, and how it is reached."""

    label: str
    url: str | None = None
    """None: one that comes with us, or that the operator named."""
    authorization: str | None = None
    """Access token, sent as `Bearer`. Never logged, recorded or echoed."""
    headers: Mapping[str, str] = {}
    """Extra HTTP headers. Never logged, recorded or echoed."""


class ListedTool(Struct, frozen=True, kw_only=True):
    """One tool, as its server describes it."""

    name: str
    description: str = ""
    input_schema: Mapping[str, object]
    """JSON Schema of the arguments, an object."""
    annotations: Mapping[str, object] | None = None
    """MCP's hints, such as `readOnlyHint`."""


class ToolServer(Protocol):
    """An open connection to a server of tools; of one session."""

    async def list_tools(self) -> tuple[ListedTool, ...]:
        """Ask what it offers.

        Raises:
            ToolError: it could not be asked, or answered nonsense.
        """
        ...

    async def call_tool(self, name: str, arguments: Mapping[str, object]) -> str:
        """Run a tool and return its output as text, which the model will read.

        Raises:
            ToolError: it could not be run, failed, or took too long.
        """
        ...

    async def close(self) -> None:
        """Free what the connection holds; a call under way fails."""
        ...


class ToolServers(Protocol):
    """All servers of tools that sessions may reach."""

    def check(self, address: ToolServerAddress) -> None:
        """Accept an address, or refuse it. Quick, synchronous, no I/O.

        Raises:
            ProtocolError: not reachable from here, or not allowed; `param` is relative to the
                tool, such as `server_url`.
        """
        ...

    async def open(self, address: ToolServerAddress, session_id: str) -> ToolServer:
        """Connect on behalf of a session.

        Raises:
            ToolError: it could not be reached.
        """
        ...
