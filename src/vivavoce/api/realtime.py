"""`GET /v1/realtime`: from the upgrade to the end of the session."""

from aiohttp import web
from msgspec import structs

from vivavoce import __version__
from vivavoce.api.auth import Place, offered_subprotocols, shown_key, wrong_key
from vivavoce.api.errors import error_response
from vivavoce.api.gateway import Gateway
from vivavoce.core.options import SessionOptions
from vivavoce.core.session import Session
from vivavoce.errors import ProtocolError, TransportClosed
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import Engines
from vivavoce.protocol.server_events import ErrorDetail, ErrorEvent
from vivavoce.runtime.observer import Observer
from vivavoce.runtime.recording import Header
from vivavoce.runtime.runner import SessionRunner
from vivavoce.transports.websocket import WebSocketTransport, open_websocket

WRONG_KEY = 3000
"""Close codes (10-transports-auth, section 3.4): clients do not try again after these two."""
UNUSABLE = 4000
RETRY_AFTER_S = "5"
BETA_HEADER = "realtime=v1"
BETA_SUBPROTOCOL = "openai-beta.realtime-v1"


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
        key, place = shown_key(request)
        has_key = gateway.keys.accept(key)
        if not has_key and place in (Place.HEADER, Place.NOWHERE):
            return self._refuse(401, wrong_key(key))
        if has_key and "call_id" in request.query:
            return self._refuse(404, _no_such_call(request.query["call_id"]))
        if gateway.engines is None or not gateway.directory.has_room:
            return self._refuse(503, _no_room(), {"Retry-After": RETRY_AFTER_S})
        with gateway.directory.place():
            transport = await open_websocket(request, heartbeat_s=gateway.heartbeat_s)
            if not has_key:
                await self._turn_away(transport, wrong_key(key), WRONG_KEY)
            elif (refusal := self._unusable(request)) is not None:
                await self._turn_away(transport, refusal, UNUSABLE)
            else:
                await self._hold(transport, gateway.engines, self._options(request))
            return transport.response

    def _refuse(
        self, status: int, error: ProtocolError, headers: dict[str, str] | None = None
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

    def _unusable(self, request: web.Request) -> ProtocolError | None:
        model = request.query.get("model")
        if _wants_beta(request):
            return ProtocolError(
                "The Beta API is not served. Leave out 'OpenAI-Beta: realtime=v1' and use the GA "
                "interface.",
                code="beta_api_shape_disabled",
            )
        if not model and "intent" in request.query:
            return ProtocolError(
                "Sessions with an intent, such as transcription, are not served; name a model.",
                param="intent",
            )
        if model and model not in self._gateway.model_names:
            return ProtocolError(
                f"The model '{model[:100]}' does not exist or you do not have access to it.",
                code="model_not_found",
            )
        return None

    def _options(self, request: web.Request) -> SessionOptions:
        return structs.replace(
            self._gateway.options,
            model=request.query.get("model") or self._gateway.default_model,
            extensions=request.query.get("extensions") == "1",
        )

    async def _hold(
        self, transport: WebSocketTransport, engines: Engines, options: SessionOptions
    ) -> None:
        gateway = self._gateway
        seed = gateway.new_seed()
        session = Session(
            options, new_id=seeded_ids(seed), check_tool=engines.language_model.check_tool
        )
        runner = SessionRunner(
            transport,
            engines,
            session,
            gateway.clock,
            gateway.settings,
            self._observers(session.session_id, options, seed),
            new_id=gateway.new_id,
            prepared_room=gateway.prepared_room,
            reports_timing=options.extensions,
        )
        with gateway.directory.listed(session.session_id, runner):
            await runner.run()

    def _observers(self, session_id: str, options: SessionOptions, seed: int) -> list[Observer]:
        gateway = self._gateway
        observers: list[Observer] = [gateway.metrics.of_session()]
        if gateway.recordings is not None:
            header = Header(
                server_version=__version__,
                options=options,
                seed=seed,
                wall_s=gateway.clock.wall(),
            )
            observers.append(gateway.recordings.start(session_id, header))
        return observers


def _wants_beta(request: web.Request) -> bool:
    header = ",".join(request.headers.getall("OpenAI-Beta", []))
    return BETA_HEADER in header or BETA_SUBPROTOCOL in offered_subprotocols(request)


def _no_such_call(call_id: str) -> ProtocolError:
    return ProtocolError(
        f"No call with id '{call_id[:100]}' is known; this server takes no calls.",
        code="call_id_not_found",
        param="call_id",
    )


def _no_room() -> ProtocolError:
    return ProtocolError(
        "The server can take no more sessions just now. Try again soon.",
        code="server_busy",
        kind="server_error",
    )
