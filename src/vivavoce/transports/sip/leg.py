"""One established or early call: its dialog, its session timer, and how it ends."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

from aiosipua import SipRequest, SipResponse

from vivavoce.errors import TransportClosed
from vivavoce.transports.sip.dialog import Dialog
from vivavoce.transports.sip.digest import Credentials
from vivavoce.transports.sip.endpoint import Endpoint
from vivavoce.transports.sip.events import CallEvent, Ended, EndReason, ReferProgress
from vivavoce.transports.sip.messages import (
    SUPPORTED,
    cseq_of,
    is_plain_uri,
    number_in,
    set_body,
    tag_of,
    values_of,
)
from vivavoce.transports.sip.offers import RETRY_AFTER_S, Offers, respond
from vivavoce.transports.sip.referral import Referral, names_referral
from vivavoce.transports.sip.session_timer import (
    SessionTimer,
    Terms,
    TooShort,
    terms_for_request,
    terms_of_response,
    write_terms_to_response,
    write_wish_to_request,
)
from vivavoce.transports.sip.sockets import Flow

LOG = logging.getLogger(__name__)

DEAD = (408, 481)
"""Answers to a refresh that mean that the far side has no such call (RFC 4028, section 10)."""


class Leg:
    """The call's dialog in use. Events go to one reader."""

    def __init__(
        self,
        endpoint: Endpoint,
        dialog: Dialog,
        flow: Flow,
        *,
        credentials: Credentials | None = None,
        on_end: Callable[[], None],
    ) -> None:
        self.dialog = dialog
        self.local_tag = tag_of(dialog.local) or ""
        self.ended: Ended | None = None
        self.is_established = False
        self.is_offering = False
        self.offers = Offers(endpoint, self)
        self._endpoint = endpoint
        self._flow = flow
        self._credentials = credentials
        self._on_end = on_end
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue()
        self._timer: SessionTimer | None = None
        self._sdp = ""
        self._peer_updates = True
        self._referrals: list[Referral] = []
        self._owes_bye = False
        endpoint.dialogs[dialog.key] = self

    async def events(self) -> AsyncIterator[CallEvent]:
        """Yield what happens, `Ended` last."""
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, Ended):
                return

    def put(self, event: CallEvent) -> None:
        """Tell the call's owner; nothing follows an `Ended`."""
        if self.ended is None:
            self._events.put_nowait(event)

    def learn(self, message: SipRequest | SipResponse) -> None:
        """Note what the far side allows."""
        allowed = values_of(message, "Allow")
        if allowed:
            self._peer_updates = "update" in allowed

    def agreed(self, sdp: str | None, terms: Terms | None) -> None:
        """See `CallSide`."""
        self.is_established = True
        self._sdp = sdp or self._sdp
        self._timer = None if terms is None else SessionTimer(terms, self._endpoint.clock.now())
        self._set_alarm()

    def acknowledged(self) -> None:
        """See `CallSide`."""
        if self._owes_bye:
            self._owes_bye = False
            self._endpoint.spawn(self._bye())

    def unacknowledged(self) -> None:
        """See `CallSide`. The call ends with a BYE all the same (13.3.1.4)."""
        if self._owes_bye:
            self.acknowledged()
        else:
            self.hangup("unacknowledged", 408)

    def hangup(self, reason: EndReason = "hangup", status: int | None = None) -> None:
        """End an established call: BYE, after the ACK if that is still on its way."""
        if self.ended is not None:
            return
        waits = self.offers.awaits_ack and reason != "unacknowledged"
        self.end(reason, status, stays=True)
        if waits:
            self._owes_bye = True
        else:
            self._endpoint.spawn(self._bye())

    def end(self, reason: EndReason, status: int | None = None, *, stays: bool = False) -> None:
        """Say that the call has ended; `stays`: its dialog is needed for a BYE of ours."""
        if self.ended is not None:
            return
        self.offers.withdraw(487)
        for referral in self._referrals:
            referral.close()
        self.put(Ended(reason, status))
        self.ended = Ended(reason, status)
        self._endpoint.alarms.cancel((self, "timer"))
        if not stays:
            self._forget()
        self._on_end()

    async def refer(self, target: str) -> AsyncIterator[ReferProgress]:
        """Send a REFER and yield what becomes of it.

        Raises:
            TransportClosed: the call is not up, or the target is malformed.
        """
        if self.ended is not None or not self.is_established:
            raise TransportClosed("the call is not up")
        if not is_plain_uri(target):
            raise TransportClosed("the target is no URI")
        flow = await self._endpoint.flow_for(self.dialog, self._flow)
        request = self.dialog.request("REFER", self._endpoint.via(flow))
        self._endpoint.say_who(request, flow)
        request.headers.set_single("Refer-To", f"<{target}>")
        request.headers.set_single("Referred-By", self._endpoint.contact(flow))
        referral = Referral(cseq_of(request).seq)
        self._referrals.append(referral)
        self._endpoint.spawn(self._send_refer(request, flow, referral))
        async for progress in referral.progress():
            yield progress
        self._referrals.remove(referral)

    def on_request(self, request: SipRequest, flow: Flow) -> None:
        """See `InDialog`."""
        if not self.dialog.takes(request):
            served = self._endpoint.layer.serve(request, flow)
            respond(served, 500, (("Retry-After", str(RETRY_AFTER_S)),))
            return
        self._flow = flow  # a new connection, or a new mapping of address translation
        if request.method in ("INVITE", "UPDATE") and self.ended is None:
            self._on_session_change(request, flow)
            return
        served = self._endpoint.layer.serve(request, flow)
        match request.method:
            case "BYE":
                respond(served, 200)
                self.offers.close()
                self._owes_bye = False
                self._forget()
                self.end("bye")
            case "NOTIFY":
                respond(served, 200 if self._on_notify(request) else 481)
            case "OPTIONS" if self.ended is None:
                response = self._endpoint.accept_response(request, flow, 200, self.local_tag)
                served.respond(response)
            case _:
                respond(served, 481)

    def on_ack(self, ack: SipRequest) -> None:
        """See `InDialog`."""
        self.offers.on_ack(ack)

    def _on_session_change(self, request: SipRequest, flow: Flow) -> None:
        settings = self._endpoint.settings
        try:
            terms = terms_for_request(
                request, wish_s=settings.session_timer_s, least_s=settings.min_session_timer_s
            )
        except TooShort:
            served = self._endpoint.layer.serve(request, flow)
            respond(served, 422, (("Min-SE", str(settings.min_session_timer_s)),))
            return
        self.learn(request)
        if not self.is_established and (request.method == "INVITE" or request.body):
            served = self._endpoint.layer.serve(request, flow)
            respond(served, 500, (("Retry-After", str(RETRY_AFTER_S)),))
        elif request.method == "INVITE" or request.body:
            self.offers.on_offer(request, flow, terms)
        else:
            self.dialog.refresh_target(request)
            response = self._endpoint.accept_response(request, flow, 200, self.local_tag)
            write_terms_to_response(response, terms)
            self._endpoint.layer.serve(request, flow).respond(response)
            if self.is_established:
                self.agreed(None, terms)

    def _on_notify(self, notify: SipRequest) -> bool:
        is_about_referral, number = names_referral(notify)
        if not is_about_referral:
            return False
        for referral in self._referrals:
            if number in (None, referral.number) and not referral.is_over:
                referral.on_notify(notify)
                return True
        return False

    async def _send_refer(self, request: SipRequest, flow: Flow, referral: Referral) -> None:
        response = await self._exchange(request, flow)
        referral.on_response(response.status_code)

    async def _bye(self) -> None:
        self.offers.close()
        flow = await self._endpoint.flow_for(self.dialog, self._flow)
        await self._exchange(self.dialog.request("BYE", self._endpoint.via(flow)), flow)
        self._forget()

    def _forget(self) -> None:
        self._endpoint.forget(self.dialog.key)

    def _set_alarm(self) -> None:
        timer, alarms = self._timer, self._endpoint.alarms
        if timer is None or self.ended is not None:
            alarms.cancel((self, "timer"))
            return
        alarms.set((self, "timer"), timer.next_deadline, lambda: self._tick(timer))

    def _tick(self, timer: SessionTimer) -> None:
        match timer.tick(self._endpoint.clock.now()):
            case "expired":
                self.hangup("session_expired")
            case "refresh" if not self.is_offering:
                self._endpoint.spawn(self._refresh(timer.terms))
        self._set_alarm()

    async def _refresh(self, terms: Terms) -> None:
        flow = await self._endpoint.flow_for(self.dialog, self._flow)
        request = self.dialog.request(
            "UPDATE" if self._peer_updates else "INVITE", self._endpoint.via(flow)
        )
        self._endpoint.say_who(request, flow)
        request.headers.set_single("Supported", SUPPORTED)
        least_s = self._endpoint.settings.min_session_timer_s
        write_wish_to_request(request, terms.interval_s, least_s, "uac")
        if request.method == "INVITE":
            set_body(request, self._sdp)
        self.is_offering = True
        try:
            response = await self._exchange(request, flow)
        finally:
            self.is_offering = False
        self._on_refreshed(response, terms)

    def _on_refreshed(self, response: SipResponse, terms: Terms) -> None:
        if self.ended is not None:
            return
        if response.status_code in DEAD:
            self.hangup("session_expired", response.status_code)
        elif response.status_code < 300:
            self.dialog.refresh_target(response)
            self.agreed(None, terms_of_response(response) or terms)
        elif response.status_code == 422 and self._timer is not None:
            longer_s = number_in(response.headers.get_first("Min-SE")) or terms.interval_s
            self._timer.terms = Terms(max(longer_s, terms.interval_s), terms.refresher)
        elif response.status_code in (405, 501):
            self._peer_updates = False

    async def _exchange(self, request: SipRequest, flow: Flow) -> SipResponse:
        def count() -> int:
            self.dialog.local_cseq += 1
            return self.dialog.local_cseq

        def acknowledge(response: SipResponse) -> None:
            if response.status_code < 300 and cseq_of(response).method == "INVITE":
                number = cseq_of(response).seq
                ack = self.dialog.request("ACK", self._endpoint.via(flow), cseq=number)
                flow.send(bytes(ack))

        response = await self._endpoint.exchange(
            request, flow, self._credentials, count, acknowledge
        )
        acknowledge(response)
        return response
