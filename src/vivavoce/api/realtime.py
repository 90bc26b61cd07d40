"""`GET /v1/realtime`: from the upgrade to the end of the session."""

from contextlib import ExitStack

from aiohttp import web

from vivavoce.api.admission import Admitted, Refused, admit
from vivavoce.api.errors import error_response
from vivavoce.api.gateway import Gateway
from vivavoce.api.joining import Joining, hold_joining, joinable
from vivavoce.api.refusals import refuse, refuse_for_want_of_room, turn_away
from vivavoce.api.running import begun_session, whom
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Engines
from vivavoce.transports.dialects.choice import codec_of
from vivavoce.transports.websocket import WebSocketTransport, open_websocket


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
            return refuse(gateway, decided.status, decided.error, decided.headers)
        if isinstance(decided, Joining):
            return await hold_joining(gateway, request, decided)
        if gateway.engines is None or not gateway.directory.has_room:
            return refuse_for_want_of_room(gateway)
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
                await turn_away(gateway, transport, decided.error, decided.close_code)
            else:
                await self._hold(transport, gateway.engines, decided)
            return transport.response

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
