"""Calls from telephones: told to the application, or answered at once; followed to their end.

Source: 10-transports-auth, section 7. Signalling and media are the transports'.
"""

import logging

from msgspec import UNSET, Struct, UnsetType, structs

from vivavoce.api.call_control import telephone_options
from vivavoce.api.calls import CALL_PREFIX
from vivavoce.api.gateway import Gateway
from vivavoce.api.telephone_calls import TelephoneCall
from vivavoce.api.telephone_following import followed
from vivavoce.api.telephone_sessions import accept_call
from vivavoce.api.webhooks import Webhooks
from vivavoce.core.options import SessionOptions
from vivavoce.errors import EngineError, ProtocolError
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import Engines
from vivavoce.protocol.client_events import (
    ClientEvent,
    ConversationItemCreate,
    ResponseCreate,
)
from vivavoce.protocol.items import Message, OutputText
from vivavoce.protocol.response import ResponseCreateParams
from vivavoce.protocol.session import RealtimeSessionUpdate
from vivavoce.protocol.webhooks import (
    EndedCallData,
    IncomingCallData,
    MediaSecurity,
    RealtimeCallIncoming,
    SipHeader,
    VivavoceCallEnded,
)
from vivavoce.runtime.directory import EVERYBODY
from vivavoce.transports.rtp.refusal import MediaRefused
from vivavoce.transports.rtp.security import Plain
from vivavoce.transports.rtp.session import RtpEndpoint, RtpSession
from vivavoce.transports.sip.events import Ended
from vivavoce.transports.sip.incoming import IncomingCall
from vivavoce.transports.sip.outgoing import OutgoingCall
from vivavoce.transports.telephone import TelephoneTransport

LOG = logging.getLogger(__name__)

KEY_ID = "telephone"
"""Whose the sessions are that no key began, in usage and traces."""
NO_MEDIA = 503
NO_ROOM = 486


class AutoAnswer(Struct, frozen=True, kw_only=True):
    """What every call is answered with, without any application."""

    session: RealtimeSessionUpdate
    greeting: str
    """Instructions of the first response; empty: the caller speaks first."""
    line: str = ""
    """Said first word for word, in place of such a response; empty: there is none."""
    continues: bool = True
    """Whether the session speaks by itself of what the server's tools brought."""


class Telephone:
    """Belongs to one server."""

    def __init__(
        self,
        gateway: Gateway,
        rtp: RtpEndpoint,
        webhooks: Webhooks,
        auto_answer: AutoAnswer | None,
    ) -> None:
        self._gateway = gateway
        self._rtp = rtp
        self._webhooks = webhooks
        self._auto_answer = auto_answer

    async def on_call(self, leg: IncomingCall) -> None:
        """Own one call, from its INVITE to its end."""
        gateway = self._gateway
        transport = TelephoneTransport(gateway.clock)
        try:
            media = await self._rtp.open(transport, leg.caller.source[0])
        except EngineError as error:
            LOG.warning("a call can't be taken: %s", error.message)
            leg.close("rejected", NO_MEDIA)
            return
        call = self.take_up(leg, transport, media)
        ended = Ended("server_closing")
        try:
            await self._ring(call, leg)
            ended = await followed(gateway, call)
        finally:
            await self.see_off(call, ended)

    def take_up(
        self, leg: IncomingCall | OutgoingCall, transport: TelephoneTransport, media: RtpSession
    ) -> TelephoneCall:
        """List a call that begins; `see_off` must follow its end."""
        transport.leg, transport.media = leg, media
        call_id = seeded_ids(self._gateway.new_seed())(CALL_PREFIX)
        call = TelephoneCall(call_id=call_id, leg=leg, transport=transport, media=media)
        self._gateway.telephone_calls.add(call)
        return call

    async def _ring(self, call: TelephoneCall, leg: IncomingCall) -> None:
        """Let the call ring where it is to be answered; an unusable one is refused."""
        try:
            security = _security_of(call.media, leg.caller.offer)
        except MediaRefused as error:
            LOG.info("call %s refused: %s", call.call_id, error.reason)
            leg.close("rejected", error.status)
            return
        source, uri = leg.caller.source[0], leg.caller.uri
        LOG.info("call %s from %s to %s", call.call_id, source, uri)
        leg.ring()
        if self._auto_answer is not None:
            await self._answer(call, leg, self._auto_answer)
            return
        headers = (SipHeader(name=line.name, value=line.value) for line in leg.caller.headers)
        data = IncomingCallData(
            call_id=call.call_id, sip_headers=tuple(headers), sip_media_security=security
        )
        event_id, now_s = self._gateway.new_id("evt"), self._gateway.clock.wall()
        event = RealtimeCallIncoming(id=event_id, created_at=now_s, data=data)
        await self._webhooks.announce(event, pointless_after=call.call_id)

    async def _answer(
        self, call: TelephoneCall, leg: IncomingCall, auto_answer: AutoAnswer
    ) -> None:
        gateway = self._gateway
        engines = gateway.engines
        has_room = gateway.directory.has_room and gateway.accounts.of(KEY_ID).has_room
        if engines is None or not has_room:
            LOG.warning("call %s refused: the server is full", call.call_id)
            leg.close("rejected", NO_ROOM)
            return
        try:
            options = await auto_answer_options(gateway, engines, auto_answer)
            options, call.transport.first = opening(options, auto_answer)
            accept_call(
                gateway, engines, call, options, key_id=KEY_ID, owner=EVERYBODY, opened_by=KEY_ID
            )
        except ProtocolError as error:
            LOG.warning("call %s can't be answered: %s", call.call_id, error.message)
            call.leg.hangup()

    async def see_off(self, call: TelephoneCall, ended: Ended) -> None:
        """Wait for the end of the session of a call that is over, forget it and tell of it."""
        gateway = self._gateway
        self._webhooks.end_call(call.call_id)
        statistics = call.media.statistics()
        call.transport.on_end()
        if call.session is not None:
            await call.session_has_ended.wait()
        gateway.telephone_calls.remove(call.call_id)
        LOG.info(
            "call %s ended: %s; %s, %d packets sent, %d received, %d lost, jitter %.0f ms",
            *(call.call_id, ended.reason, statistics.codec, statistics.n_sent),
            *(statistics.n_received, statistics.n_lost, statistics.jitter_ms),
        )
        session = call.session
        lasted_s = 0.0 if session is None else gateway.clock.now() - call.begun_at
        data = EndedCallData(
            call_id=call.call_id,
            session_id=None if session is None else session.session_id,
            ended_by=ended.reason,
            duration_s=round(lasted_s, 3),
        )
        event_id, now_s = gateway.new_id("evt"), gateway.clock.wall()
        await self._webhooks.announce(VivavoceCallEnded(id=event_id, created_at=now_s, data=data))


async def auto_answer_options(
    gateway: Gateway, engines: Engines, auto_answer: AutoAnswer
) -> SessionOptions:
    """Return what the sessions of calls are told that are answered without an application.

    Raises:
        ProtocolError: that can't be had; `param` names the field.
    """
    options = await telephone_options(gateway, engines, auto_answer.session)
    return structs.replace(options, continue_after_call=auto_answer.continues)


def opening(
    options: SessionOptions, auto_answer: AutoAnswer
) -> tuple[SessionOptions, tuple[ClientEvent, ...]]:
    """Return the options with what is said first, and the events that the session begins with."""
    if auto_answer.line:
        told = structs.replace(options, opening_line=auto_answer.line)
        return told, (_as_said(auto_answer.line),)
    return options, (_greeting(options, auto_answer.greeting),) if auto_answer.greeting else ()


def _greeting(options: SessionOptions, greeting: str) -> ResponseCreate:
    """Return the order to speak first; its instructions stand in for those of the session."""
    configured = options.configured
    own = configured.instructions if isinstance(configured, RealtimeSessionUpdate) else UNSET
    instructions = own if isinstance(own, str) else options.instructions
    params = ResponseCreateParams(instructions=f"{instructions}\n\n{greeting}")
    return ResponseCreate(response=params)


def _as_said(line: str) -> ConversationItemCreate:
    """Return the order that lets the model know what the caller has heard."""
    content = (OutputText(text=line),)
    return ConversationItemCreate(item=Message(role="assistant", content=content))


def _security_of(media: RtpSession, offer: str | None) -> MediaSecurity | UnsetType:
    """Return how the sound will be protected; unset: that is not known yet.

    Raises:
        MediaRefused: there can be no sound.
    """
    if offer is None:
        return UNSET
    media.answer(offer, direction="inactive")  # the one that is sent is made on acceptance
    assert media.plan is not None
    return "rtp" if isinstance(media.plan.security, Plain) else "srtp"
