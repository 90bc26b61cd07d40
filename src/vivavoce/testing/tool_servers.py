"""Servers of tools that do as they are told."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from vivavoce.errors import ToolError
from vivavoce.interfaces import ListedTool, ToolServer, ToolServerAddress
from vivavoce.testing.tool_reports import ANY_ARGUMENTS, check_server

Run = Callable[[Mapping[str, object]], Awaitable[str]]
"""A tool: from arguments to output; raises ToolError."""


@dataclass
class ScriptedToolServer:
    """A `ToolServer` with these tools, by name. Counts how often it was closed."""

    tools: Mapping[str, Run]
    n_closed: int = 0

    async def list_tools(self) -> tuple[ListedTool, ...]:
        """Return all of them; they take any arguments."""
        return tuple(ListedTool(name=name, input_schema=ANY_ARGUMENTS) for name in self.tools)

    async def call_tool(self, name: str, arguments: Mapping[str, object]) -> str:
        """Run one.

        Raises:
            ToolError: there is no such tool, or it raises that.
        """
        if name not in self.tools:
            raise ToolError(f"Unknown tool: {name}", kind="protocol_error", code=-32602)
        return await self.tools[name](arguments)

    async def close(self) -> None:
        """Count."""
        self.n_closed += 1


@dataclass
class ScriptedToolServers:
    """`ToolServers` by label; keeps what was opened."""

    servers: Mapping[str, ScriptedToolServer]
    opened: list[tuple[ToolServerAddress, str]] = field(default_factory=list)
    """Addresses, and the ids of the sessions."""

    def check(self, address: ToolServerAddress) -> None:
        """Accept what a transcript accepts.

        Raises:
            ProtocolError: see `check_server`.
        """
        check_server(address)

    async def open(self, address: ToolServerAddress, session_id: str) -> ToolServer:
        """Return the server of a label.

        Raises:
            ToolError: there is none.
        """
        self.opened.append((address, session_id))
        if address.label not in self.servers:
            raise ToolError(f"There is no server '{address.label}'.", kind="http_error", code=404)
        return self.servers[address.label]
