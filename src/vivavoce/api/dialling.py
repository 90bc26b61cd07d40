"""Telephone calls that the server makes, through a trunk of the operator's.

An extension: `POST /v1/realtime/calls` with JSON. The session begins at once, so that an answer can
be under way before the far side picks up; nothing is played or heard until then.
"""

import asyncio
import logging
import socket
from collections.abc import Mapping
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from vivavoce.api.admission import AdmittedKey, full_account
from vivavoce.api.call_control import STATUSES, TargetUri, telephone_options
from vivavoce.api.calls import CALLS
from vivavoce.api.errors import json_response
from vivavoce.api.gateway import Gateway
from vivavoce.api.joining import owner_of
from vivavoce.api.keyed import KeyedHandler
from vivavoce.api.refusals import refuse, refuse_for_want_of_room
from vivavoce.api.running import opened_by
from vivavoce.api.telephone import Telephone
from vivavoce.api.telephone_calls import Dial, Order, TelephoneCall
from vivavoce.api.telephone_following import followed
from vivavoce.api.telephone_sessions import begin_session
from vivavoce.errors import EngineError, ProtocolError, TransportClosed
from vivavoce.interfaces import Engines
from vivavoce.protocol.codec import decode_body
from vivavoce.protocol.session import RealtimeSessionUpdate, TranscriptionSessionUpdate
from vivavoce.transports.rtp.session import RtpEndpoint
from vivavoce.transports.sip.addresses import UnknownAddress, hop_of
from vivavoce.transports.sip.events import Ended
from vivavoce.transports.sip.messages import Header
from vivavoce.transports.sip.server import SipServer
from vivavoce.transports.sip.settings import SipTrunk
from vivavoce.transports.telephone import TelephoneTransport

LOG = logging.getLogger(__name__)

JSON_TYPE = "application/json"
MAX_HEADERS = 32
NO_WAY = {**STATUSES, "call_failed": 502}


class SentHeader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A further header of the INVITE, such as `X-Account`."""

    name: Annotated[str, Meta(max_length=100)]
    value: Annotated[str, Meta(max_length=1000)]


class CallRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/realtime/calls` that asks for a call."""

    target_uri: TargetUri
    session: RealtimeSessionUpdate | TranscriptionSessionUpdate
    trunk: str | None = None
    """Name of the trunk to call through; may be left out where there is only one."""
    sip_headers: Annotated[tuple[SentHeader, ...], Meta(max_length=MAX_HEADERS)] = ()


class CallBegun(Struct, frozen=True, kw_only=True):
    """The answer."""

    call_id: str
    """To be joined by sidebands at once; `vivavoce.call.progress` tells how it goes."""


_DECODER = msgspec.json.Decoder(CallRequest)


def calling_or(gateway: Gateway, otherwise: KeyedHandler) -> KeyedHandler:
    """Return the handler of calls to be made; what is no JSON goes to the other one."""

    async def handler(request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        dial = gateway.telephone_calls.dial
        if dial is None or request.content_type != JSON_TYPE:
            return await otherwise(request, key)
        try:
            return await _begun(gateway, dial, request, key)
        except ProtocolError as error:
            return refuse(gateway, NO_WAY.get(error.code or "", 400), error)

    return handler


async def _begun(
    gateway: Gateway, dial: Dial, request: web.Request, key: AdmittedKey
) -> web.StreamResponse:
    if key.ephemeral is not None:
        error = ProtocolError(
            "Calls are made with a standard key.", code="insufficient_permissions"
        )
        return refuse(gateway, 403, error)
    body = decode_body(await request.read(), _DECODER)
    engines = gateway.engines
    if engines is None or not gateway.directory.has_room:
        return refuse_for_want_of_room(gateway)
    full = full_account(gateway, key, before_upgrade=True)
    if full is not None and full.status is not None:
        return refuse(gateway, full.status, full.error, full.headers)
    order = Order(
        target_uri=body.target_uri,
        trunk=body.trunk,
        headers=[Header(header.name, header.value) for header in body.sip_headers],
        options=await telephone_options(gateway, engines, body.session),
        key_id=key.key_id,
        owner=owner_of(gateway, key.key_id),
        opened_by=opened_by(request, key),
    )
    call = await dial(engines, order)
    location = {"Location": f"{CALLS}/{call.call_id}"}
    return json_response(CallBegun(call_id=call.call_id), status=201, headers=location)


class Dialler:
    """Makes calls; belongs to one server that has trunks."""

    def __init__(
        self,
        gateway: Gateway,
        telephone: Telephone,
        rtp: RtpEndpoint,
        sip: SipServer,
        trunks: Mapping[str, SipTrunk],
    ) -> None:
        self._gateway = gateway
        self._telephone = telephone
        self._rtp = rtp
        self._sip = sip
        self._trunks = trunks

    async def dial(self, engines: Engines, order: Order) -> TelephoneCall:
        """Make a call; its session lives when this returns.

        Raises:
            ProtocolError: there is no such trunk, or no way to the target.
        """
        name = self._trunk_of(order)
        transport = TelephoneTransport(self._gateway.clock)
        try:
            media = await self._rtp.open(transport, await _address_of(self._trunks[name]))
            transport.media = media
            leg = await self._sip.call(
                order.target_uri, media.offer(), trunk=name, headers=order.headers
            )
        except (EngineError, TransportClosed, OSError, UnknownAddress) as error:
            transport.on_end()
            message = f"The call can't be made: {error}."
            raise ProtocolError(message, code="call_failed", kind="server_error") from error
        call = self._telephone.take_up(leg, transport, media)
        LOG.info("call %s to %s through %s", call.call_id, order.target_uri, name)
        begin_session(
            self._gateway,
            engines,
            call,
            order.options,
            key_id=order.key_id,
            owner=order.owner,
            opened_by=order.opened_by,
        )
        self._gateway.background.start(self._follow(call), name=f"calling {call.call_id}")
        return call

    async def _follow(self, call: TelephoneCall) -> None:
        ended = Ended("server_closing")
        try:
            ended = await followed(self._gateway, call)
        finally:
            await self._telephone.see_off(call, ended)

    def _trunk_of(self, order: Order) -> str:
        names = ", ".join(self._trunks)
        if order.trunk is None and len(self._trunks) == 1:
            return next(iter(self._trunks))
        if order.trunk is None:
            raise ProtocolError(f"Name one of the trunks: {names}.", param="trunk")
        if order.trunk not in self._trunks:
            raise ProtocolError(
                f"There is no trunk '{order.trunk[:100]}'. Supported values are: {names}.",
                param="trunk",
            )
        return order.trunk


async def _address_of(trunk: SipTrunk) -> str:
    """Return the IP address of a trunk.

    Raises:
        OSError: its name is unknown.
        UnknownAddress: it has no usable address.
    """
    is_uri = trunk.address.lower().startswith(("sip:", "sips:"))
    host = hop_of(trunk.address if is_uri else f"sip:{trunk.address}").host.strip("[]")
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    return str(found[0][4][0])
