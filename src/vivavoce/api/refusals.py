"""How an upgrade is refused, before it or after it."""

from collections.abc import Mapping

from aiohttp import web

from vivavoce.api.errors import error_response
from vivavoce.api.gateway import Gateway
from vivavoce.errors import ProtocolError, TransportClosed
from vivavoce.protocol.server_events import ErrorDetail, ErrorEvent
from vivavoce.transports.websocket import WebSocketTransport

RETRY_AFTER_S = "5"


def refuse(
    gateway: Gateway, status: int, error: ProtocolError, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Answer with an HTTP error in place of the upgrade."""
    gateway.metrics.refused.labels(error.code).inc()
    return error_response(status, error, headers)


def refuse_for_want_of_room(gateway: Gateway) -> web.Response:
    """Say that the server is full, or not ready yet."""
    error = ProtocolError(
        "The server can take no more sessions just now. Try again soon.",
        code="server_busy",
        kind="server_error",
    )
    return refuse(gateway, 503, error, {"Retry-After": RETRY_AFTER_S})


async def turn_away(
    gateway: Gateway, transport: WebSocketTransport, error: ProtocolError, code: int
) -> None:
    """Refuse in a way that a browser can read: it sees no HTTP answers to an upgrade."""
    gateway.metrics.refused.labels(error.code).inc()
    detail = ErrorDetail(type=error.kind, code=error.code, message=error.message, param=error.param)
    try:
        await transport.send(ErrorEvent(event_id=gateway.new_id("event"), error=detail))
    except TransportClosed:
        return
    await transport.close(code, f"{error.kind}.{error.code}")
