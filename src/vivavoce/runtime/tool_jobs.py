"""The tools of one session at work: a connection for each server, a job for each list and call.

How long a tool may take is the session's to say: it takes its order back when time is up.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from vivavoce.core.inputs import Input
from vivavoce.core.tool_orders import CallTool, CancelTool, ListTools
from vivavoce.core.tool_reports import ToolFailed, ToolListingFailed, ToolReturned, ToolsListed
from vivavoce.errors import ProtocolError, ToolError
from vivavoce.interfaces import ListedTool, ToolServer, ToolServerAddress, ToolServers
from vivavoce.runtime.jobs import Jobs, Watch

LOG = logging.getLogger(__name__)

ToolOrder = ListTools | CallTool | CancelTool
TOOL = "tool "
MAX_LIST_BYTES = 1024 * 1024
"""Of all tools of one server as JSON: a list goes to the client in one event."""
NOTE_CHARACTERS = 200
"""Room for a server's own words on what it has cut off."""
CLOSE_S = 1.0
"""For a server to let go of its connection when the session ends."""


class NoToolServers:
    """Reaches no server of tools: a `ToolServers` for where there are none."""

    def check(self, address: ToolServerAddress) -> None:
        """Refuse every server.

        Raises:
            ProtocolError: always.
        """
        raise ProtocolError("MCP tools are not available on this server.", param="type")

    async def open(self, address: ToolServerAddress, session_id: str) -> ToolServer:
        """Reach nothing.

        Raises:
            ToolError: always.
        """
        raise ToolError("MCP tools are not available on this server.")


@dataclass(slots=True)
class _Line:
    """The connection to the server of one label."""

    address: ToolServerAddress | None = None
    server: ToolServer | None = None
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)


class ToolJobs:
    """Carries out what a session asks of servers of tools. Orders never wait."""

    def __init__(
        self,
        jobs: Jobs,
        servers: ToolServers,
        session_id: str,
        post: Callable[[Input], Awaitable[None]],
        max_output_characters: int,
    ) -> None:
        """Begin without any connection.

        Args:
            jobs: where the work is done.
            servers: of the whole server.
            session_id: on whose behalf they are opened.
            post: takes what the session is to be told.
            max_output_characters: of a tool's output; what is more is cut off, and said to be.
        """
        self._jobs = jobs
        self._servers = servers
        self._session_id = session_id
        self._post = post
        self._max_output_characters = max_output_characters
        self._lines: dict[str, _Line] = {}

    def carry_out(self, order: ToolOrder) -> None:
        """Begin what is asked, or take it back."""
        name = TOOL + order.item_id
        match order:
            case ListTools(item_id=item_id):
                self._jobs.start(
                    name,
                    lambda _watch: self._list(order),
                    lambda message, _code: ToolListingFailed(item_id, message),
                )
            case CallTool(item_id=item_id):
                self._jobs.start(
                    name,
                    lambda watch: self._call(order, watch),
                    lambda _message, _code: ToolFailed(item_id, "The tool failed."),
                )
            case CancelTool():
                self._jobs.cancel(name)

    async def close(self) -> None:
        """Close all connections; a server that does not let go is left behind."""
        lines, self._lines = self._lines, {}
        for label, line in lines.items():
            if line.server is not None:
                await _close(label, line.server)

    async def _list(self, order: ListTools) -> None:
        label = order.address.label
        try:
            server = await self._server(order.address)
            tools = await server.list_tools()
            _check_size(tools)
        except ToolError as error:
            LOG.warning("the tools of %r are not known: %s", label, error.message)
            await self._post(ToolListingFailed(order.item_id, error.message))
            return
        await self._post(ToolsListed(order.item_id, tools))

    async def _call(self, order: CallTool, watch: Watch) -> None:
        try:
            arguments = _object(order.arguments)
            server = await self._server(order.address)
            output = await server.call_tool(order.name, arguments)
        except ToolError as error:
            LOG.info("tool %r of %r failed: %s", order.name, order.address.label, error.kind)
            failed = ToolFailed(order.item_id, error.message, error.kind, error.code)
            await self._post(failed)
            return
        await self._post(ToolReturned(order.item_id, self._bounded(output)))

    async def _server(self, address: ToolServerAddress) -> ToolServer:
        """Return the open connection, opened anew if its label now means another server."""
        line = self._lines.setdefault(address.label, _Line())
        async with line.opening:
            if line.server is not None and line.address != address:
                before, line.server = line.server, None
                await _close(address.label, before)
            if line.server is None:
                line.server = await self._servers.open(address, self._session_id)
                line.address = address
            return line.server

    def _bounded(self, output: str) -> str:
        limit = self._max_output_characters
        if len(output) <= limit + NOTE_CHARACTERS:
            return output
        return f"{output[:limit]}\n[Cut off: {limit} of {len(output)} characters.]"


async def _close(label: str, server: ToolServer) -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await server.close()
    except (ToolError, TimeoutError):
        LOG.warning("the tool server %r did not let go of its connection", label)


def _object(arguments: str) -> Mapping[str, object]:
    try:
        read: object = msgspec.json.decode(arguments or "{}")
    except msgspec.DecodeError:
        read = None
    if not isinstance(read, dict):
        raise ToolError("The arguments are no JSON object.")
    return read


def _check_size(tools: tuple[ListedTool, ...]) -> None:
    if len(msgspec.json.encode(tools)) > MAX_LIST_BYTES:
        raise ToolError("The list of tools is too long.", kind="protocol_error")
