"""All servers of tools that sessions may reach: our own, the operator's, and their clients'."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from vivavoce.errors import ProtocolError, ToolError
from vivavoce.interfaces.tools import ToolServer, ToolServerAddress
from vivavoce.tools.mcp_library import McpLibrary
from vivavoce.tools.name_lookup import Resolve, resolve
from vivavoce.tools.named_servers import OWN_LABELS, NamedServer, named_servers
from vivavoce.tools.network_policy import NetworkPolicy, make_policy
from vivavoce.tools.server_address import check_headers, check_server_url, request_headers
from vivavoce.tools.settings import ToolsSettings

if TYPE_CHECKING:  # they load the MCP library
    from vivavoce.tools.mcp_connection import McpConnection, OpenTransport

OpenLocal = Callable[[str], Awaitable[ToolServer]]
"""Opens a server that comes with us, for the session with this id; raises ToolError."""


@asynccontextmanager
async def open_tool_servers(
    settings: ToolsSettings,
    local: Mapping[str, OpenLocal],
    environment: Mapping[str, str],
    *,
    look_up: Resolve = resolve,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator["SessionToolServers"]:
    """Open what sessions need to reach tools; leaving closes all their connections.

    Args:
        settings: of the operator.
        local: those that come with us and are switched on, by their label.
        environment: what the operator's programs and secrets are taken from.
        look_up: finds the addresses of a name.
        tls: certificates that are trusted; None: the usual ones.

    Raises:
        ConfigError: a server of the operator is not described in full.
    """
    policy = make_policy(settings.allow_private_addresses, allows_http=settings.allow_http)
    named = named_servers(settings, environment)
    async with asyncio.TaskGroup() as tasks:
        servers = SessionToolServers(settings, policy, named, local, look_up, tls, tasks)
        try:
            yield servers
        finally:
            servers.leave_all()


class SessionToolServers:
    """Opens servers of tools for sessions; a `ToolServers`."""

    def __init__(
        self,
        settings: ToolsSettings,
        policy: NetworkPolicy,
        named: Mapping[str, NamedServer],
        local: Mapping[str, OpenLocal],
        look_up: Resolve,
        tls: ssl.SSLContext | None,
        tasks: asyncio.TaskGroup,
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._named = named
        self._local = local
        self._resolve = look_up
        self._tls = tls
        self._tasks = tasks
        self._library = McpLibrary()
        self._connections: set[McpConnection] = set()

    def check(self, address: ToolServerAddress) -> None:
        """Accept an address or refuse it; for one elsewhere, begin to load what speaks to it.

        Raises:
            ProtocolError: not reachable from here, or not allowed.
        """
        if address.url is None:
            self._check_label(address)
            return
        if address.label in OWN_LABELS:
            raise ProtocolError(
                f"'{address.label}' is the label of a tool server that comes with this server; "
                "a server elsewhere needs another one.",
                param="server_label",
            )
        if not self._settings.client_servers:
            raise ProtocolError(
                "This server takes no MCP servers of its clients (tools.client_servers).",
                param="server_url",
            )
        check_server_url(address.url, self._policy)
        check_headers(address)
        self._library.warm()

    async def open(self, address: ToolServerAddress, session_id: str) -> ToolServer:
        """Connect on behalf of a session.

        Raises:
            ToolError: it could not be reached.
        """
        if address.url is None and (open_local := self._local.get(address.label)) is not None:
            return await open_local(session_id)
        tls = self._tls or await self._library.loaded()
        from vivavoce.tools.mcp_server import McpServer

        server = McpServer(self._transports(address, tls), self._start, self._settings)
        try:
            await server.connect()
        except BaseException:
            await server.close()
            raise
        return server

    def load_ahead(self) -> None:
        """Begin to load the MCP library if the operator named servers; else it costs memory only.

        It takes 34 MB. Must be called on the loop.
        """
        if self._named:
            self._library.warm()

    def leave_all(self) -> None:
        """Have every connection close."""
        for connection in tuple(self._connections):
            connection.leave()

    def _check_label(self, address: ToolServerAddress) -> None:
        label = address.label
        if label not in self._local and label not in self._named:
            if label in OWN_LABELS:
                raise ProtocolError(
                    f"The tool server '{label}' is not switched on here; the table [tools.{label}] "
                    "of the server's configuration does it.",
                    param="server_label",
                )
            raise ProtocolError(
                f"There is no tool server '{label}' here, and no 'server_url' says where it is.",
                param="server_url",
            )
        for name, value in (
            ("authorization", address.authorization),
            ("headers", address.headers),
        ):
            if value:
                raise ProtocolError(
                    f"The tool server '{label}' belongs to this server and takes no '{name}'.",
                    param=name,
                )
        if label in self._named:
            self._library.warm()

    def _transports(
        self, address: ToolServerAddress, tls: ssl.SSLContext
    ) -> tuple["OpenTransport", ...]:
        if address.url is not None:
            headers = request_headers(address.authorization, address.headers)
            return self._over_http(address.url, headers, self._policy, tls)
        named = self._named.get(address.label)
        if named is None:
            raise ToolError(f"There is no tool server '{address.label}' here.")
        if named.url is not None:
            return self._over_http(named.url, named.headers, named.policy, tls)
        from vivavoce.tools.mcp_stdio import standard_streams

        return (standard_streams(address.label, named.command, named.environment),)

    def _over_http(
        self, url: str, headers: Mapping[str, str], policy: NetworkPolicy, tls: ssl.SSLContext
    ) -> tuple["OpenTransport", ...]:
        from vivavoce.tools.guarded_network import GuardedNetwork
        from vivavoce.tools.mcp_transports import HttpPlace, http_with_sse, streamable_http

        network = GuardedNetwork(policy, self._resolve)
        place = HttpPlace(url, headers, network, tls, self._settings.connect_timeout_s)
        return streamable_http(place), http_with_sse(place)

    def _start(self, open_transport: "OpenTransport") -> "McpConnection":
        from vivavoce.tools.mcp_connection import McpConnection

        connection = McpConnection(open_transport, self._settings.connect_timeout_s)
        self._connections.add(connection)
        task = self._tasks.create_task(connection.run(), name="mcp connection")
        task.add_done_callback(lambda _: self._connections.discard(connection))
        return connection
