"""One connection to an MCP server: a task that opens it, keeps it and closes it.

The SDK wants a connection to be opened and closed by the same task, and its failures to end that
task; so each connection has one, and whoever asks through it talks to that task's session.

Imports the MCP library: itself to be imported when used.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from http import HTTPStatus
from typing import TypeVar

from mcp import Client, ClientSession, MCPError
from mcp.client._transport import TransportStreams  # its only name
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, PARSE_ERROR, Implementation
from pydantic import ValidationError

from vivavoce import __version__
from vivavoce.errors import ToolError
from vivavoce.tools.mcp_http import EXCHANGE, Exchange, shortened

LOG = logging.getLogger(__name__)

T = TypeVar("T")
Streams = TransportStreams
OnLost = Callable[[], None]
OpenTransport = Callable[[OnLost], AbstractAsyncContextManager[Streams]]
"""Opens the two streams of messages; calls back when the other end is gone."""

GOODBYE_S = 1.5
"""For a server to hear that we leave; nobody waits for it."""
NOT_WAITED_LONGER_S = 0.05
"""For a connection's end, by whoever closes it."""


class Forgotten(Exception):  # noqa: N818 - says what happened
    """The server no longer knows our session, and did nothing; a new one is needed.

    Source: MCP specification, "Transports", "Session management".
    """

    def __init__(self, failure: ToolError) -> None:
        super().__init__(failure.message)
        self.failure = failure
        """What it said."""


class McpConnection:
    """A connection to an MCP server; `run` is its task."""

    def __init__(self, open_transport: OpenTransport, connect_timeout_s: float) -> None:
        self._open_transport = open_transport
        self._connect_timeout_s = connect_timeout_s
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        self._outcome: asyncio.Future[ClientSession | ToolError] = (
            asyncio.get_running_loop().create_future()
        )
        self._opening: asyncio.Timeout | None = None
        self.is_lost = False
        """The other end is gone; a new connection is needed."""

    async def run(self) -> None:
        """Open the connection and keep it until it is closed or breaks. Raises nothing."""
        exchange = Exchange()
        EXCHANGE.set(exchange)
        try:
            await self._live(exchange)
        except Exception as error:  # noqa: BLE001 - an SDK's failure ends one connection only
            failure = tool_error(error, exchange, self._connect_timeout_s)
            if self._outcome.done():
                LOG.info("the connection to an MCP server broke: %s", failure.message)
            else:
                self._outcome.set_result(failure)
        finally:
            self.is_lost = True
            self._ended.set()
            if not self._outcome.done():
                self._outcome.set_result(ToolError("The connection was closed."))

    async def opened(self) -> None:
        """Wait until the server has agreed to talk.

        Raises:
            ToolError: it did not, or not in time.
        """
        await self._session()

    async def ask(self, send: Callable[[ClientSession], Awaitable[T]], timeout_s: float) -> T:
        """Ask the server something.

        Raises:
            ToolError: it gave no answer or a wrong one.
            Forgotten: it does not know us any more.
        """
        session = await self._session()
        exchange = Exchange()
        token = EXCHANGE.set(exchange)
        try:
            async with asyncio.timeout(timeout_s) as exchange.deadline:
                return await send(session)
        except Exception as error:
            failure = tool_error(error, exchange, timeout_s)
            if failure.code == CONNECTION_CLOSED:
                self.is_lost = True  # or it is a server's own use of the code; then it costs little
            if exchange.status == HTTPStatus.NOT_FOUND:
                raise Forgotten(failure) from error
            raise failure from error
        finally:
            exchange.deadline = None
            EXCHANGE.reset(token)

    def leave(self) -> None:
        """Have the connection close; its task ends soon."""
        self.is_lost = True
        self._closing.set()
        if self._opening is not None and not self._opening.expired():
            self._opening.reschedule(0.0)

    async def close(self) -> None:
        """Close, without waiting long: a server that does not listen is told in the background."""
        self.leave()
        try:
            async with asyncio.timeout(NOT_WAITED_LONGER_S):
                await self._ended.wait()
        except TimeoutError:
            return

    async def _session(self) -> ClientSession:
        outcome = await asyncio.shield(self._outcome)
        if isinstance(outcome, ToolError):
            raise outcome
        return outcome

    async def _live(self, exchange: Exchange) -> None:
        stack = AsyncExitStack()
        try:
            async with asyncio.timeout(self._connect_timeout_s) as self._opening:
                exchange.deadline = self._opening
                client = await stack.enter_async_context(self._client())
            exchange.deadline = self._opening = None
            self._outcome.set_result(client.session)
            await self._closing.wait()
        except BaseException as error:
            exchange.deadline = self._opening = None
            async with asyncio.timeout(GOODBYE_S):
                if not await stack.__aexit__(type(error), error, error.__traceback__):
                    raise
        else:
            async with asyncio.timeout(GOODBYE_S):
                await stack.aclose()

    def _client(self) -> Client:
        return Client(
            self._open_transport(self._lost),
            client_info=Implementation(name="vivavoce", version=__version__),
            cache=None,
        )

    def _lost(self) -> None:
        self.is_lost = True


def tool_error(error: BaseException, exchange: Exchange, timeout_s: float) -> ToolError:
    """Return what a failure of the SDK means; what HTTP says of it goes first.

    Args:
        error: as it was raised.
        exchange: of the request that failed.
        timeout_s: how long was waited at most.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, ToolError):
        return error
    if exchange.failure is not None:
        return exchange.failure
    if isinstance(error, TimeoutError):
        return ToolError(f"The MCP server gave no answer within {timeout_s:g} s.")
    if isinstance(error, MCPError):
        return ToolError(shortened(error.message), kind="protocol_error", code=error.code)
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = shortened(".".join(map(str, first["loc"])))
        message = f"The MCP server's answer is not what MCP says it should be, at {place}."
        return ToolError(message, kind="protocol_error", code=PARSE_ERROR)
    if isinstance(error, OSError):
        return ToolError(f"The MCP server can't be started: {error.strerror or error}")
    message = f"Talking to the MCP server failed: {shortened(str(error))}"
    return ToolError(message, kind="protocol_error", code=INTERNAL_ERROR)
