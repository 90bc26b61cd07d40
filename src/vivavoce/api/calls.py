"""WebRTC calls as REST resources: begun by an offer, ended by a hang-up or by either side.

Source: 10-transports-auth, sections 5, 8 and 9.
"""

from contextlib import ExitStack

from aiohttp import web

from vivavoce.api.admission import AdmittedKey, full_account
from vivavoce.api.call_options import call_options, translation_call_options
from vivavoce.api.errors import error_response
from vivavoce.api.gateway import Gateway
from vivavoce.api.joining import joinable, owner_of
from vivavoce.api.offers import SDP_TYPE, Offer, read_offer
from vivavoce.api.refusals import refuse, refuse_for_want_of_room
from vivavoce.api.running import SomeOptions, begun_session, opened_by, sound_exchanged
from vivavoce.core.options import SessionOptions
from vivavoce.errors import ProtocolError
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import Engines
from vivavoce.protocol.codec import decode_translation_event, encode_server_event
from vivavoce.protocol.dialect import Dialect
from vivavoce.runtime.playout import Playout
from vivavoce.runtime.runner import SessionRunner
from vivavoce.transports.dialects.choice import codec_of
from vivavoce.transports.webrtc.libwebrtc import open_peer
from vivavoce.transports.webrtc.transport import WebRtcTransport

CALLS = "/v1/realtime/calls"
CALL_PREFIX = "rtc"
HUNG_UP = 1000
STATUS_OF = {
    "unsupported_content_type": 415,
    "model_not_found": 404,
}
"""HTTP answers by error code; all others are 400."""


class Calls:
    """The handlers."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def begin(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """`POST /v1/realtime/calls`: answer an offer; events are those of GA."""
        return await self._begin(request, key, "ga")

    async def begin_beta(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """`POST /v1/realtime?model=`: answer an offer; events are those of Beta."""
        return await self._begin(request, key, "beta")

    async def begin_translation(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """`POST /v1/realtime/translations/calls`: answer an offer."""
        return await self._begin(request, key, None)

    async def hang_up(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """`POST /v1/realtime/calls/{call_id}/hangup`: end a call."""
        call_id = request.match_info["call_id"]
        session = self._gateway.directory.find_call(call_id, owner_of(self._gateway, key.key_id))
        if session is None:
            error = ProtocolError(
                f"No call with id '{call_id[:100]}' is under way.",
                code="call_id_not_found",
                param="call_id",
            )
            return error_response(404, error)
        session.stop(HUNG_UP, "The call was hung up.")
        return web.Response()

    async def _begin(
        self, request: web.Request, key: AdmittedKey, dialect: Dialect | None
    ) -> web.StreamResponse:
        gateway = self._gateway
        engines = gateway.engines
        if engines is None or not gateway.directory.has_room:
            return refuse_for_want_of_room(gateway)
        full = full_account(gateway, key, before_upgrade=True)
        if full is not None and full.status is not None:
            return refuse(gateway, full.status, full.error, full.headers)
        with ExitStack() as places:
            places.enter_context(gateway.directory.place())
            places.enter_context(gateway.accounts.of(key.key_id).place())
            try:
                offer = await read_offer(request)
                options: SomeOptions
                if dialect is None:
                    options = translation_call_options(gateway, request, key, offer)
                else:
                    options = await call_options(gateway, engines, request, key, offer, dialect)
                answer, call_id = await self._answer(
                    request, engines, key, offer, options, dialect or "ga", places
                )
            except ProtocolError as error:
                return refuse(gateway, STATUS_OF.get(error.code or "", 400), error)
        return web.Response(
            status=201,
            text=answer,
            content_type=SDP_TYPE,
            headers={"Location": f"{CALLS}/{call_id}"},
        )

    async def _answer(
        self,
        request: web.Request,
        engines: Engines,
        key: AdmittedKey,
        offer: Offer,
        options: SomeOptions,
        dialect: Dialect,
        places: ExitStack,
    ) -> tuple[str, str]:
        """Let the media engine answer and the session begin; return the SDP and the call's id."""
        gateway = self._gateway
        transport = self._transport(options, dialect)
        peer, answer = await open_peer(offer.sdp, transport, gateway.webrtc)
        transport.peer = peer
        # Not to be guessed from other ids: who knows it, and a key, may listen and hang up.
        call_id = seeded_ids(gateway.new_seed())(CALL_PREFIX)
        playout = Playout()
        runner = begun_session(
            gateway,
            engines,
            transport,
            options,
            key_id=key.key_id,
            dialect=dialect,
            opened_by=f"{opened_by(request, key)}, call {call_id}",
            playout=playout,
        )
        found_as = joinable(
            gateway,
            key.key_id,
            call_id=call_id,
            has_sidebands=isinstance(options, SessionOptions),
        )
        places.enter_context(gateway.directory.listed(runner.session_id, runner, found_as))
        places.enter_context(sound_exchanged(gateway, transport, playout, runner))
        gateway.background.start(_hold(runner, places.pop_all()), name=call_id)
        return answer, call_id

    def _transport(self, options: SomeOptions, dialect: Dialect) -> WebRtcTransport:
        new_id = self._gateway.new_id
        if not isinstance(options, SessionOptions):
            return WebRtcTransport(
                decode_translation_event, lambda event: (encode_server_event(event),), new_id
            )
        codec = codec_of(dialect)
        return WebRtcTransport(codec.decode, codec.encode, new_id)


async def _hold(runner: SessionRunner, places: ExitStack) -> None:
    with places:
        await runner.run()
