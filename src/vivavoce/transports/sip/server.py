"""The SIP server: takes calls, makes calls, and keeps registrations.

Signalling only: session descriptions pass through as text. Say `async with SipServer(...)`.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Self

from aiosipua import SipRequest, SipResponse

from vivavoce.clock import Clock
from vivavoce.errors import TransportClosed
from vivavoce.transports.sip.addresses import UnknownAddress, hop_of
from vivavoce.transports.sip.admission import Admission
from vivavoce.transports.sip.dialog import dialog_of_outgoing, key_of_request
from vivavoce.transports.sip.endpoint import Endpoint
from vivavoce.transports.sip.incoming import IncomingCall
from vivavoce.transports.sip.messages import (
    ALLOW,
    SDP,
    SUPPORTED,
    USER_AGENT,
    Header,
    cseq_of,
    is_plain_uri,
    is_token,
    new_token,
    read_headers,
    response_to,
    set_body,
    tag_of,
)
from vivavoce.transports.sip.outgoing import OutgoingCall
from vivavoce.transports.sip.screening import Refusal, invite_refusal, refusal_of
from vivavoce.transports.sip.session_timer import (
    Terms,
    TooShort,
    terms_for_request,
    write_wish_to_request,
)
from vivavoce.transports.sip.settings import SipSettings, TransportName
from vivavoce.transports.sip.sockets import Address, Flow, Sockets
from vivavoce.transports.sip.transaction_layer import Served, TransactionLayer
from vivavoce.transports.sip.trunks import Registration, RegistrationState, Trunk

LOG = logging.getLogger(__name__)

GOODBYE_S = 2.0
"""For the far sides to take our BYEs when the server ends."""

OnCall = Callable[[IncomingCall], Awaitable[None]]
"""Owns one incoming call for as long as it runs."""


class SipServer:
    """One SIP user agent."""

    def __init__(
        self,
        settings: SipSettings,
        clock: Clock,
        on_call: OnCall,
        *,
        server_tls: ssl.SSLContext | None = None,
        client_tls: ssl.SSLContext | None = None,
    ) -> None:
        """Read the settings; nothing is opened yet.

        Args:
            settings: of the server.
            clock: the server's.
            on_call: awaited once for each incoming call, in a task of its own.
            server_tls: the server's certificate; needed for `tls_port`.
            client_tls: how trunks' certificates are checked; default: as usual for the machine.

        Raises:
            ConfigError: the settings can't be used.
        """
        self._endpoint = Endpoint(settings, clock)
        self._on_call = on_call
        self._admission = Admission(settings, clock)
        self._trunks = {name: Trunk(name, trunk) for name, trunk in settings.trunks.items()}
        self._registrations = [
            Registration(self._endpoint, trunk)
            for trunk in self._trunks.values()
            if trunk.settings.register
        ]
        self._endpoint.layer = TransactionLayer(clock, self._endpoint.alarms, self)
        self._endpoint.sockets = Sockets(
            settings, self._endpoint.layer.received, server_tls=server_tls, client_tls=client_tls
        )
        self._incoming: set[IncomingCall] = set()
        self._outgoing: set[OutgoingCall] = set()
        self._is_closing = False

    @property
    def listening(self) -> Mapping[TransportName, Address]:
        """The addresses bound, by transport."""
        return self._endpoint.sockets.listening

    @property
    def registrations(self) -> Mapping[str, tuple[RegistrationState, int | None]]:
        """How each registration stands, and what its trunk said last."""
        return {each.trunk.name: (each.state, each.status) for each in self._registrations}

    async def __aenter__(self) -> Self:
        """Listen, and begin to register.

        Raises:
            ConfigError: an address can't be had.
        """
        await self._endpoint.sockets.open()
        await self._endpoint.open()
        for registration in self._registrations:
            self._endpoint.spawn(registration.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Say goodbye to all calls and registrars, then close."""
        self._is_closing = True
        for call in list(self._incoming):
            call.close("server_closing", 503)
        for outgoing in list(self._outgoing):
            outgoing.close("server_closing")
        goodbyes = [registration.end() for registration in self._registrations]
        try:
            async with asyncio.timeout(GOODBYE_S):
                await asyncio.gather(*goodbyes)
                await self._endpoint.quiet()
        except TimeoutError:
            LOG.info("some far sides did not answer our goodbye")
        await self._endpoint.close()

    async def call(
        self,
        target: str,
        sdp: str,
        *,
        trunk: str | None = None,
        headers: Sequence[Header] = (),
    ) -> OutgoingCall:
        """Begin a call; its events tell what becomes of it.

        Args:
            target: `sip:` or `tel:` URI, or a number where there is a trunk.
            sdp: our offer.
            trunk: name of the trunk to call through; None: straight to the URI's address.
            headers: further headers of the INVITE, such as `X-...`.

        Raises:
            TransportClosed: there is no way to the target, no such trunk, or a header or the
                target is malformed; or the server ends.
        """
        if self._is_closing:
            raise TransportClosed("the server ends")
        chosen = None if trunk is None else self._trunks.get(trunk)
        if trunk is not None and chosen is None:
            raise TransportClosed(f"no trunk {trunk}")
        uri = target if chosen is None else chosen.uri_of_target(target)
        if not is_plain_uri(uri):
            raise TransportClosed("the target is no URI")
        try:
            hop = hop_of(uri) if chosen is None else chosen.hop
            flow = await self._endpoint.flow_to(hop)
            invite = self._invite(uri, sdp, chosen, flow, headers)
            bytes(invite)  # what cannot be written is found out here
        except (UnknownAddress, ValueError) as error:
            raise TransportClosed(str(error)) from error
        credentials = None if chosen is None else chosen.credentials
        call = OutgoingCall(self._endpoint, invite, flow, credentials, self._outgoing.discard)
        self._outgoing.add(call)
        self._endpoint.spawn(call.run())
        return call

    def on_request(self, request: SipRequest, data: bytes, flow: Flow) -> None:
        """See `transaction_layer.Incoming`."""
        refusal = refusal_of(request)
        if refusal is not None:
            self._refuse(request, flow, refusal)
        elif tag_of(request.headers.get_first("To") or "") is not None:
            self._on_request_in_dialog(request, flow)
        elif request.method == "OPTIONS":
            self._on_options(request, flow)
        elif request.method == "INVITE":
            self._on_invite(request, data, flow)
        else:
            self._refuse(request, flow, Refusal(481))

    def on_ack(self, ack: SipRequest) -> None:
        """See `transaction_layer.Incoming`."""
        leg = self._endpoint.dialogs.get(key_of_request(ack))
        if leg is not None:
            leg.on_ack(ack)

    def on_cancel(self, invite: Served) -> None:
        """See `transaction_layer.Incoming`."""
        if not any(call.on_cancel(invite) for call in self._incoming):
            any(call.on_cancel(invite) for call in self._outgoing)

    def on_stray_answer(self, response: SipResponse, flow: Flow) -> None:
        """See `transaction_layer.Incoming`: a late 2xx is acknowledged, so that it ends."""
        invite = SipRequest(method="INVITE", uri="")
        for name in ("From", "Call-ID", "CSeq"):
            invite.headers.append(name, response.headers.get_first(name) or "")
        dialog = dialog_of_outgoing(invite, response)
        if dialog.key in self._endpoint.dialogs:
            number = cseq_of(response).seq
            flow.send(bytes(dialog.request("ACK", self._endpoint.via(flow), cseq=number)))

    def _on_request_in_dialog(self, request: SipRequest, flow: Flow) -> None:
        leg = self._endpoint.dialogs.get(key_of_request(request))
        if leg is None:
            self._refuse(request, flow, Refusal(481))
        else:
            leg.on_request(request, flow)

    def _on_options(self, request: SipRequest, flow: Flow) -> None:
        if self._is_closing:
            self._refuse(request, flow, Refusal(503))
            return
        response = response_to(request, 200, to_tag=self._admission.stateless_tag(request))
        self._endpoint.say_who(response, flow)
        response.headers.set_single("Accept", SDP)
        self._endpoint.layer.send_statelessly(response, flow)

    def _on_invite(self, invite: SipRequest, data: bytes, flow: Flow) -> None:
        refusal = self._invite_refusal(invite, flow)
        if refusal is not None:
            self._refuse(invite, flow, refusal)
            return
        settings = self._endpoint.settings
        try:
            terms = terms_for_request(
                invite, wish_s=settings.session_timer_s, least_s=settings.min_session_timer_s
            )
        except TooShort:
            least_s = str(settings.min_session_timer_s)
            self._refuse(invite, flow, Refusal(422, (("Min-SE", least_s),)))
            return
        self._begin(invite, data, flow, terms)

    def _begin(self, invite: SipRequest, data: bytes, flow: Flow, terms: Terms | None) -> None:
        served = self._endpoint.layer.serve(invite, flow)
        headers = read_headers(data)
        call = IncomingCall(self._endpoint, served, headers, terms, self._incoming.discard)
        self._incoming.add(call)
        self._endpoint.spawn(self._own(call))

    async def _own(self, call: IncomingCall) -> None:
        try:
            await self._on_call(call)
        except Exception:
            LOG.exception("the owner of a call failed")
            call.close("hangup", 500)
        finally:
            call.leave_unanswered()
            call.hangup()

    def _invite_refusal(self, invite: SipRequest, flow: Flow) -> Refusal | None:
        if self._is_closing:
            return Refusal(503)
        if self._endpoint.layer.is_merged(invite):
            return Refusal(482)
        n_pending = sum(call.state == "ringing" for call in self._incoming)
        return (
            self._admission_refusal(invite, flow)
            or invite_refusal(invite)
            or self._admission.crowd_refusal(n_pending, len(self._incoming) + len(self._outgoing))
        )

    def _admission_refusal(self, invite: SipRequest, flow: Flow) -> Refusal | None:
        if any(registration.is_from_trunk(flow) for registration in self._registrations):
            return None
        return self._admission.refusal(invite, flow.peer[0])

    def _refuse(self, request: SipRequest, flow: Flow, refusal: Refusal) -> None:
        """Refuse without remembering: repetitions are refused again."""
        tag = self._admission.stateless_tag(request)
        response = response_to(request, refusal.status, to_tag=tag)
        for name, value in refusal.headers:
            response.headers.append(name, value)
        self._endpoint.layer.send_statelessly(response, flow)

    def _invite(
        self, uri: str, sdp: str, trunk: Trunk | None, flow: Flow, headers: Sequence[Header]
    ) -> SipRequest:
        endpoint, settings = self._endpoint, self._endpoint.settings
        own = f"sip:vivavoce@{endpoint.host(flow)}" if trunk is None else trunk.own_address
        invite = SipRequest(method="INVITE", uri=uri)
        for name, value in (
            ("Via", endpoint.via(flow)),
            ("Max-Forwards", "70"),
            ("From", f"<{own}>;tag={new_token()}"),
            ("To", f"<{uri}>"),
            ("Call-ID", new_token()),
            ("CSeq", "1 INVITE"),
            ("Contact", endpoint.contact(flow)),
            ("Allow", ALLOW),
            ("Supported", SUPPORTED),
            ("User-Agent", USER_AGENT),
        ):
            invite.headers.append(name, value)
        write_wish_to_request(invite, settings.session_timer_s, settings.min_session_timer_s)
        for header in headers:
            if header.name in invite.headers or not is_token(header.name):
                raise ValueError(f"the header {header.name!r} can't be set")
            invite.headers.append(header.name, header.value)
        set_body(invite, sdp)
        return invite
