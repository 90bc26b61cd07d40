"""What the MCP client sends and receives over HTTP: bounded, guarded, and its failures kept.

The SDK turns most failures of HTTP into errors of JSON-RPC with codes of its own. What really
happened is noted here, in the `Exchange` of the request that caused it.

Imports the HTTP library of the MCP client: itself to be imported when used.
"""

import asyncio
import http
import ssl
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar

import httpcore2
import httpx2
import msgspec

from vivavoce.errors import ToolError
from vivavoce.tools.guarded_network import AddressRefused, GuardedNetwork

MAX_ANSWER_BYTES = 512 * 1024
"""Of one answer: a hundred tools with long schemas have 300 KB, and a model reads far less."""
MAX_CONNECTIONS = 8  # of one session to one server: its calls at once
KEEP_ALIVE_S = 30.0
MAX_REASON_CHARACTERS = 300
FIRST_ERROR = 400
FIRST_REDIRECT = 300
NO_ANSWER = 599
"""Status of a response that we make up for the SDK: an exception would end its whole connection."""
NOT_OFFERED = 405


class Exchange:
    """What HTTP did on behalf of one request of the SDK."""

    def __init__(self) -> None:
        self.status = 0
        """Of the last answer; 0: none yet."""
        self.failure: ToolError | None = None
        self.deadline: asyncio.Timeout | None = None
        """Of whoever waits for the answer."""

    def fail(self, failure: ToolError, *, at_once: bool) -> None:
        """Note what went wrong; at once: nobody will tell the one who waits, so end its wait."""
        self.failure = failure
        if at_once and self.deadline is not None and not self.deadline.expired():
            self.deadline.reschedule(0.0)


EXCHANGE: ContextVar[Exchange] = ContextVar("exchange")
"""Of the task that made the request; the SDK carries it along to the one that sends."""


class _Reason(msgspec.Struct):
    code: int
    message: str = ""


class _RpcError(msgspec.Struct):
    """The body of an HTTP error that holds an error of JSON-RPC."""

    error: _Reason


class _Interrupted(httpx2.StreamError):
    """An answer that could not be read to its end; the SDK expects this kind."""


class _BoundedBody(httpx2.AsyncByteStream):
    """An answer's bytes as they come, up to the limit."""

    def __init__(
        self,
        response: httpcore2.Response,
        exchange: Exchange,
        limit: int | None,
        on_end: Callable[[], None],
    ) -> None:
        self._response = response
        self._exchange = exchange
        self._left = limit
        self._on_end = on_end

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.aiter_stream():
                if self._left is not None:
                    self._left -= len(chunk)
                    if self._left < 0:
                        raise self._failed(
                            f"The MCP server's answer is longer than {MAX_ANSWER_BYTES} bytes."
                        )
                yield chunk
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException):
            raise self._failed("The MCP server broke off in the middle of its answer.") from None
        finally:
            self._on_end()

    async def aclose(self) -> None:
        await self._response.aclose()

    def _failed(self, message: str) -> _Interrupted:
        self._exchange.fail(ToolError(message), at_once=False)
        return _Interrupted(message)


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Carries the requests of one MCP connection.

    Args:
        network: decides where they may go.
        tls: which certificates are trusted.
        streams: the server sends its answers on a stream that is opened by GET (the older HTTP+SSE
            transport); otherwise that stream would carry only what the server says unasked, which
            nobody here listens to, and it is not opened.
        on_stream_end: called when that stream is over.
    """

    def __init__(
        self,
        network: GuardedNetwork,
        tls: ssl.SSLContext,
        *,
        streams: bool,
        on_stream_end: Callable[[], None],
    ) -> None:
        self._streams = streams
        self._on_stream_end = on_stream_end
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            network_backend=network,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE_S,
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; whatever goes wrong is noted in the `Exchange` of the sender."""
        exchange = EXCHANGE.get()
        if request.method == "GET" and not self._streams and "last-event-id" not in request.headers:
            return httpx2.Response(NOT_OFFERED, request=request)
        exchange.failure = None
        try:
            response = await self._pool.handle_async_request(_plain(request))
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs one request
            exchange.fail(ToolError(_why_not(error, request.url.host)), at_once=self._streams)
            return httpx2.Response(NO_ANSWER, request=request)
        return await self._checked(response, exchange, request)

    async def aclose(self) -> None:
        """Close every socket."""
        await self._pool.aclose()

    async def _checked(
        self, response: httpcore2.Response, exchange: Exchange, request: httpx2.Request
    ) -> httpx2.Response:
        headers = httpx2.Headers(response.headers)
        if headers.get("content-encoding", "identity").lower() != "identity":
            # We asked for none; what is unpacked might be a thousand times longer.
            await response.aclose()
            exchange.fail(
                ToolError("The MCP server packs its answers, unasked."), at_once=self._streams
            )
            return httpx2.Response(NO_ANSWER, request=request)
        exchange.status = response.status
        endless = self._streams and request.method == "GET"
        limit = None if endless else MAX_ANSWER_BYTES
        on_end = self._on_stream_end if endless else _nothing
        stream = _BoundedBody(response, exchange, limit, on_end)
        answer = httpx2.Response(
            response.status, headers=headers, stream=stream, extensions=response.extensions
        )
        if response.status >= FIRST_ERROR:
            failure = await _http_failure(answer)
            exchange.fail(failure, at_once=self._streams)
        elif response.status >= FIRST_REDIRECT:
            exchange.fail(_status_failure(response.status), at_once=False)
        return answer


async def _http_failure(answer: httpx2.Response) -> ToolError:
    if answer.headers.get("content-type", "").lower().startswith("application/json"):
        try:
            error = msgspec.json.decode(await answer.aread(), type=_RpcError).error
        except (msgspec.MsgspecError, httpx2.StreamError, RecursionError):
            return _status_failure(answer.status_code)
        return ToolError(shortened(error.message), kind="protocol_error", code=error.code)
    return _status_failure(answer.status_code)


def _status_failure(status: int) -> ToolError:
    try:
        phrase = f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    extra = "; redirects to elsewhere are not followed" if status < FIRST_ERROR else ""
    return ToolError(f"The MCP server answered {phrase}{extra}.", kind="http_error", code=status)


def shortened(text: str) -> str:
    """Return what somebody else said, at a length for a message."""
    words = " ".join(text.split())
    return words if len(words) <= MAX_REASON_CHARACTERS else words[:MAX_REASON_CHARACTERS] + "..."


def _nothing() -> None:
    """An answer of its own may end: the connection goes on."""


def _plain(request: httpx2.Request) -> httpcore2.Request:
    url = httpcore2.URL(
        scheme=request.url.raw_scheme,
        host=request.url.raw_host,
        port=request.url.port,
        target=request.url.raw_path,
    )
    return httpcore2.Request(
        request.method,
        url,
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def _why_not(error: Exception, host: str) -> str:
    if isinstance(error, AddressRefused):
        return (
            f"'{host}' leads to an address that is not public; the server's configuration would "
            "have to allow it (tools.allow_private_addresses)."
        )
    if isinstance(error, (httpcore2.TimeoutException, TimeoutError)):
        return f"The MCP server at '{host}' does not answer."
    if isinstance(error, httpcore2.ConnectError):
        return f"There is no connection to the MCP server at '{host}': {shortened(str(error))}"
    return f"The MCP server at '{host}' broke the connection."
