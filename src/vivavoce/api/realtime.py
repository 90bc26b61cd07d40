"""`GET /v1/realtime`: from the upgrade to the end of the session."""

from collections.abc import Mapping
from contextlib import ExitStack

from aiohttp import web

from vivavoce.api.admission import Admitted, Refused, admit
from vivavoce.api.errors import error_response
from vivavoce.api.gateway import Gateway
from vivavoce.api.joining import Joining, hold_joining, joinable
from vivavoce.api.running import begun_session, whom
from vivavoce.errors import ProtocolError, TransportClosed
from vivavoce.interfaces import Engines
from vivavoce.protocol.server_events import ErrorDetail, ErrorEvent
from vivavoce.transports.dialects.choice import codec_of
from vivavoce.transports.websocket import WebSocketTransport, open_websocket

RETRY_AFTER_S = "5"


class Realtime:
    """The handler of WebSocket sessions."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Hold one session, from its upgrade to its end."""
        gateway = self._gateway
        if request.headers.get("Upgrade", "").lower() != "websocket":
            error = ProtocolError("This address expects a WebSocket upgrade.", code=None)
            return error_response(426, error, {"Upgrade": "websocket"})
        decided = await admit(gateway, request)
        if isinstance(decided, Refused) and decided.status is not None:
            return self._refuse(decided.status, decided.error, decided.headers)
        if isinstance(decided, Joining):
            return await hold_joining(gateway, request, decided)
        if gateway.engines is None or not gateway.directory.has_room:
            return self._refuse(503, _no_room(), {"Retry-After": RETRY_AFTER_S})
        with ExitStack() as places:
            places.enter_context(gateway.directory.place())
            if isinstance(decided, Admitted):
                places.enter_context(decided.account.place())
            codec = codec_of("ga" if isinstance(decided, Refused) else decided.dialect)
            transport = await open_websocket(
                request,
                heartbeat_s=gateway.heartbeat_s,
                decode=codec.decode,
                encode=codec.encode,
            )
            if isinstance(decided, Refused):
                await self._turn_away(transport, decided.error, decided.close_code)
            else:
                await self._hold(transport, gateway.engines, decided)
            return transport.response

    def _refuse(
        self, status: int, error: ProtocolError, headers: Mapping[str, str] | None = None
    ) -> web.Response:
        self._gateway.metrics.refused.labels(error.code).inc()
        return error_response(status, error, headers)

    async def _turn_away(
        self, transport: WebSocketTransport, error: ProtocolError, code: int
    ) -> None:
        """Refuse in a way that a browser can read: it sees no HTTP answers to an upgrade."""
        self._gateway.metrics.refused.labels(error.code).inc()
        detail = ErrorDetail(
            type=error.kind, code=error.code, message=error.message, param=error.param
        )
        try:
            await transport.send(ErrorEvent(event_id=self._gateway.new_id("event"), error=detail))
        except TransportClosed:
            return
        await transport.close(code, f"{error.kind}.{error.code}")

    async def _hold(
        self, transport: WebSocketTransport, engines: Engines, admitted: Admitted
    ) -> None:
        gateway, key_id = self._gateway, admitted.key.key_id
        joining = joinable(gateway, key_id, may_return=admitted.may_return)
        runner = begun_session(
            gateway,
            engines,
            transport,
            admitted.options,
            key_id=key_id,
            dialect=admitted.dialect,
            opened_by=whom(key_id, admitted.safety_identifier),
            resume_token=joining.resume_token,
        )
        with gateway.directory.listed(runner.session_id, runner, joining):
            await runner.run()


def _no_room() -> ProtocolError:
    return ProtocolError(
        "The server can take no more sessions just now. Try again soon.",
        code="server_busy",
        kind="server_error",
    )
