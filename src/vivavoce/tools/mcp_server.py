"""An MCP server as a session uses it: connected when it is needed, and again when it is lost.

Imports the MCP library: itself to be imported when used.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from mcp import ClientSession
from mcp_types import CallToolRequest, CallToolRequestParams, CallToolResult

from vivavoce.errors import ToolError
from vivavoce.interfaces.tools import ListedTool
from vivavoce.tools.mcp_connection import Forgotten, McpConnection, OpenTransport
from vivavoce.tools.mcp_content import cut, result_text
from vivavoce.tools.mcp_listing import list_all
from vivavoce.tools.mcp_transports import OLDER_TRANSPORT_STATUS
from vivavoce.tools.settings import ToolsSettings

T = TypeVar("T")
StartConnection = Callable[[OpenTransport], McpConnection]
"""Starts the task of a new connection."""

CLOSED = "The connection to this MCP server was closed."


class McpServer:
    """One MCP server of one session; a `ToolServer`.

    Args:
        transports: how it may be reached; the first is tried first.
        start: starts connections.
        settings: timeouts and limits.
    """

    def __init__(
        self, transports: Sequence[OpenTransport], start: StartConnection, settings: ToolsSettings
    ) -> None:
        self._transports = tuple(transports)
        self._start = start
        self._settings = settings
        self._connection: McpConnection | None = None
        self._connecting = asyncio.Lock()
        self._is_closed = False

    async def connect(self) -> None:
        """Connect, so that what is wrong shows now.

        Raises:
            ToolError: the server can't be reached, or does not speak MCP.
        """
        await self._connected()

    async def list_tools(self) -> tuple[ListedTool, ...]:
        """Ask for all tools; those with a name or a schema that can't be used are left out.

        Raises:
            ToolError: it could not be asked, or answered nonsense.
        """
        return await self._ask(list_all, self._settings.list_timeout_s)

    async def call_tool(self, name: str, arguments: Mapping[str, object]) -> str:
        """Run a tool and return its output as text, cut at `max_output_characters`.

        Raises:
            ToolError: it could not be run, failed, or took too long.
        """
        params = CallToolRequestParams(name=name, arguments=dict(arguments))

        async def send(session: ClientSession) -> CallToolResult:
            # Not the SDK's `call_tool`: it matches results against patterns that the server chose,
            # on the loop, and a bad pattern takes for ever.
            return await session.send_request(CallToolRequest(params=params), CallToolResult)

        result = await self._ask(send, self._settings.call_timeout_s)
        text = result_text(result, self._settings.max_output_characters)
        if result.is_error:
            raise ToolError(cut(text, self._settings.max_output_characters) or "The tool failed.")
        return text

    async def close(self) -> None:
        """Close the connection; a call under way fails. Takes at most 50 ms."""
        self._is_closed = True
        if self._connection is not None:
            await self._connection.close()

    async def _ask(self, send: Callable[[ClientSession], Awaitable[T]], timeout_s: float) -> T:
        connection = await self._connected()
        try:
            return await connection.ask(send, timeout_s)
        except Forgotten:
            connection.leave()
        connection = await self._connected()
        try:
            return await connection.ask(send, timeout_s)
        except Forgotten as again:
            raise again.failure from None

    async def _connected(self) -> McpConnection:
        async with self._connecting:
            if self._is_closed:
                raise ToolError(CLOSED)
            if self._connection is None or self._connection.is_lost:
                if self._connection is not None:
                    self._connection.leave()
                self._connection = await self._new_connection()
            if self._is_closed:  # meanwhile
                self._connection.leave()
                raise ToolError(CLOSED)
            return self._connection

    async def _new_connection(self) -> McpConnection:
        first: ToolError | None = None
        for transport in self._transports:
            connection = self._start(transport)
            try:
                await connection.opened()
            except ToolError as failure:
                first = first or failure
                if failure.code not in OLDER_TRANSPORT_STATUS:
                    break
            except BaseException:
                connection.leave()
                raise
            else:
                self._transports = (transport,)
                return connection
        assert first is not None
        raise first
