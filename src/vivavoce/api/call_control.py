"""What an application does with telephone calls: accept, reject, transfer, end.

Source: 10-transports-auth, section 7.3. Success is 200 with an empty body.
"""

import logging
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, Struct

from vivavoce.api.admission import AdmittedKey, full_account
from vivavoce.api.bound_sessions import bound_options
from vivavoce.api.calls import STATUS_OF, Calls
from vivavoce.api.gateway import Gateway
from vivavoce.api.joining import owner_of
from vivavoce.api.keyed import KeyedHandler
from vivavoce.api.refusals import refuse, refuse_for_want_of_room
from vivavoce.api.running import opened_by
from vivavoce.api.telephone_calls import TelephoneCall
from vivavoce.api.telephone_sessions import accept_call, no_such_call
from vivavoce.api.transfers import follow_transfer
from vivavoce.core.configured import configured_session
from vivavoce.core.options import SessionOptions
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Engines
from vivavoce.protocol.codec import decode_body
from vivavoce.protocol.refusals import unknown_parameter
from vivavoce.protocol.session import RealtimeSessionUpdate, TranscriptionSessionUpdate
from vivavoce.transports.sip.incoming import IncomingCall

LOG = logging.getLogger(__name__)

DECLINE = 603
STATUSES = {**STATUS_OF, "call_id_not_found": 404, "call_in_progress": 409}
SESSION = "session."

TargetUri = Annotated[str, Meta(pattern=r"^(sips?|tel):[^\s<>]+$", max_length=1000)]


class RejectRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `reject`."""

    status_code: Annotated[int, Meta(ge=400, le=699)] | None = None
    """SIP status of the refusal; 603 unless it is given."""


class ReferRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `refer`."""

    target_uri: TargetUri


_SESSION_DECODER = msgspec.json.Decoder(RealtimeSessionUpdate | TranscriptionSessionUpdate)
_REJECT_DECODER = msgspec.json.Decoder(RejectRequest)
_REFER_DECODER = msgspec.json.Decoder(ReferRequest)


class CallControl:
    """The handlers."""

    def __init__(self, gateway: Gateway, calls: Calls) -> None:
        """Prepare.

        Args:
            gateway: of the server.
            calls: where WebRTC calls are hung up.
        """
        self._gateway = gateway
        self._calls = calls

    @property
    def handlers(self) -> dict[str, KeyedHandler]:
        """By the last part of the address."""
        return {
            "accept": self._answering(self._accept),
            "reject": self._answering(self._reject),
            "refer": self._answering(self._refer),
            "hangup": self._hang_up,
        }

    def _answering(self, act: KeyedHandler) -> KeyedHandler:
        async def handler(request: web.Request, key: AdmittedKey) -> web.StreamResponse:
            try:
                return await act(request, key)
            except ProtocolError as error:
                return refuse(self._gateway, STATUSES.get(error.code or "", 400), error)

        return handler

    async def _accept(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        gateway = self._gateway
        engines = gateway.engines
        self._ringing(request, key)
        if engines is None or not gateway.directory.has_room:
            return refuse_for_want_of_room(gateway)
        full = full_account(gateway, key, before_upgrade=True)
        if full is not None and full.status is not None:
            return refuse(gateway, full.status, full.error, full.headers)
        options = await self._options(await request.read(), engines)
        call = self._ringing(request, key)  # once more: others may have been faster
        accept_call(
            gateway,
            engines,
            call,
            options,
            key_id=key.key_id,
            owner=owner_of(gateway, key.key_id),
            opened_by=opened_by(request, key),
        )
        return web.Response()

    async def _reject(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        body = decode_body(await request.read(), _REJECT_DECODER)
        call = self._ringing(request, key)
        assert isinstance(call.leg, IncomingCall)  # others have a session from the start
        call.leg.reject(body.status_code or DECLINE)
        return web.Response()

    async def _refer(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        body = decode_body(await request.read(), _REFER_DECODER)
        call = self._found(request, key)
        if call.session is None:
            raise _conflict("The call is not accepted yet.")
        if call.is_being_transferred:
            raise _conflict("The call is being transferred already.")
        call.is_being_transferred = True
        transfer = follow_transfer(self._gateway, call, call.session, body.target_uri)
        self._gateway.background.start(transfer, name=f"transfer of {call.call_id}")
        return web.Response()

    async def _hang_up(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """End a call of either kind; one that rings is refused."""
        call = self._find(request, key)
        if call is None or call.session is not None:
            return await self._calls.hang_up(request, key)
        call.leg.hangup()
        return web.Response()

    def _find(self, request: web.Request, key: AdmittedKey) -> TelephoneCall | None:
        owner = owner_of(self._gateway, key.key_id)
        return self._gateway.telephone_calls.find(request.match_info["call_id"], owner)

    def _found(self, request: web.Request, key: AdmittedKey) -> TelephoneCall:
        call = self._find(request, key)
        if call is None:
            raise no_such_call(request.match_info["call_id"])
        return call

    def _ringing(self, request: web.Request, key: AdmittedKey) -> TelephoneCall:
        # Whoever comes too late is told so, whosever the call is now.
        call = self._gateway.telephone_calls.find_any(request.match_info["call_id"])
        if call is None:
            raise no_such_call(request.match_info["call_id"])
        if call.session is not None:
            raise _conflict("The call was accepted already.")
        return call

    async def _options(self, body: bytes, engines: Engines) -> SessionOptions:
        """Return what the session is told; all of it can be enacted."""
        try:
            session = decode_body(body, _SESSION_DECODER)
            return await telephone_options(self._gateway, engines, session)
        except ProtocolError as error:
            param = None if error.param is None else error.param.removeprefix(SESSION)
            raise ProtocolError(error.message, code=error.code, param=param) from error


async def telephone_options(
    gateway: Gateway,
    engines: Engines,
    session: RealtimeSessionUpdate | TranscriptionSessionUpdate,
) -> SessionOptions:
    """Return what the session of a call is told; all of it can be enacted.

    Raises:
        ProtocolError: it can't be; `param` names the field.
    """
    if not isinstance(session, RealtimeSessionUpdate):
        raise ProtocolError("A call is answered by a session of type 'realtime'.", param="type")
    if session.temperature is not UNSET:
        raise unknown_parameter("temperature")
    named = session.model
    if isinstance(named, str) and named not in gateway.model_names:
        raise ProtocolError(
            f"The model '{named[:100]}' does not exist or you do not have access to it.",
            code="model_not_found",
            param="model",
        )
    model = named if isinstance(named, str) else gateway.default_model
    options = await bound_options(gateway, session, model)
    check_server = gateway.tool_servers.check
    configured_session(options, "", engines.language_model.check_tool, check_server)
    return options


def _conflict(message: str) -> ProtocolError:
    return ProtocolError(message, code="call_in_progress", param="call_id")
