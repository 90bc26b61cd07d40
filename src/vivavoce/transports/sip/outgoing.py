"""A call that we make, through a trunk or straight to an address."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final, Literal

from aiosipua import SipRequest, SipResponse

from vivavoce.errors import TransportClosed
from vivavoce.transports.sip.dialog import Dialog, DialogKey, dialog_of_outgoing
from vivavoce.transports.sip.digest import Credentials, answer_challenge, is_stale
from vivavoce.transports.sip.endpoint import MOST_TRIES, Endpoint, cseq_counter
from vivavoce.transports.sip.events import (
    Answered,
    CallEvent,
    EarlyMedia,
    Ended,
    EndReason,
    ReferProgress,
    Ringing,
)
from vivavoce.transports.sip.leg import Leg
from vivavoce.transports.sip.messages import Message, cseq_of, number_in, sdp_of
from vivavoce.transports.sip.session_timer import terms_of_response
from vivavoce.transports.sip.sockets import Flow
from vivavoce.transports.sip.transaction_layer import Served
from vivavoce.transports.sip.transactions import (
    GIVE_UP_S,
    ClientInvite,
    Failed,
    State,
    again_with,
    cancel_of,
)

STATUS_NO_SESSION = 488
"""The called side answered without a session."""

MAX_UNREAD = 64
"""A far side that tells more while it rings is not listened to."""
UNANSWERED: Final = "unanswered"

OutgoingState = Literal["calling", "up", "over"]


class OutgoingCall:
    """One call of ours. Methods are called on the server's loop; none of them waits."""

    def __init__(
        self,
        endpoint: Endpoint,
        invite: SipRequest,
        flow: Flow,
        credentials: Credentials | None,
        on_end: Callable[["OutgoingCall"], None],
    ) -> None:
        self.call_id = invite.call_id or ""
        """The Call-ID of SIP."""
        self._endpoint = endpoint
        self._invite = invite
        self._flow = flow
        self._credentials = credentials
        self._on_end = on_end
        self._next_cseq = cseq_counter(invite)
        self._machine: ClientInvite | None = None
        self._messages: asyncio.Queue[Message | Failed] = asyncio.Queue()
        self._leg: Leg | None = None
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue()
        self._ended: Ended | None = None
        self._early_sdp: str | None = None
        self._last_status = 0
        self._n_challenges = 0
        self._answered: set[DialogKey] = set()
        self._is_given_up = False
        self._cancel_sent = False
        deadline = endpoint.clock.now() + endpoint.settings.ring_at_most_s
        endpoint.alarms.set((self, UNANSWERED), deadline, self._leave_unanswered)

    @property
    def state(self) -> OutgoingState:
        """`calling` until it is answered, refused or given up."""
        if self._ended is not None or (self._leg is not None and self._leg.ended is not None):
            return "over"
        return "calling" if self._leg is None else "up"

    async def events(self) -> AsyncIterator[CallEvent]:
        """Yield `Ringing`, `EarlyMedia`, `Answered`, `Reoffer`, last `Ended`. For one reader."""
        while self._leg is None or not self._events.empty():
            event = await self._events.get()
            yield event
            if isinstance(event, Ended):
                return
        async for event in self._leg.events():
            yield event

    def hangup(self) -> None:
        """End the call: CANCEL while it rings, BYE when it is up; nothing when it is over."""
        self.close("hangup")

    def refer(self, target: str) -> AsyncIterator[ReferProgress]:
        """See `IncomingCall.refer`.

        Raises:
            TransportClosed: the call is not up.
        """
        if self._leg is None:
            raise TransportClosed("the call is not up")
        return self._leg.refer(target)

    def on_cancel(self, served: Served) -> bool:
        """Take a CANCEL of an INVITE within this call; False if it is about another call."""
        return self._leg is not None and self._leg.offers.on_cancel(served)

    def close(self, reason: EndReason) -> None:
        """End it for some reason of ours."""
        if self._leg is not None:
            self._leg.hangup(reason)
        elif self._ended is None:
            self._is_given_up = True
            self._end(reason, 487)
            self._send_cancel()

    async def run(self) -> None:
        """Call; then acknowledge what the far side repeats, for as long as it may."""
        self._ask()
        while True:
            message = await self._next_message()
            if message is None:
                return
            if isinstance(message, Failed):
                self._end("unreachable", 408 if message.reason == "timeout" else 503)
                return
            if not isinstance(message, SipResponse):
                continue
            if message.status_code < 200:
                self._on_provisional(message)
            elif message.status_code < 300:
                await self._on_answer(message)
            elif not self._try_again(message):
                self._end("refused", message.status_code)
                return

    def _leave_unanswered(self) -> None:
        self.close(UNANSWERED)

    async def _next_message(self) -> Message | Failed | None:
        """Return None when the time is over in which an answer may be repeated."""
        try:
            async with asyncio.timeout(GIVE_UP_S if self._answered else None):
                return await self._messages.get()
        except TimeoutError:
            return None

    def _ask(self) -> None:
        machine = self._endpoint.layer.ask(self._invite, self._flow, self._messages.put_nowait)
        if isinstance(machine, ClientInvite):
            self._machine = machine

    def _on_provisional(self, response: SipResponse) -> None:
        if self._is_given_up:
            self._send_cancel()
            return
        sdp = sdp_of(response)
        if response.status_code > 100 and response.status_code != self._last_status:
            self._last_status = response.status_code
            self._put(Ringing(response.status_code))
        if sdp is not None and sdp != self._early_sdp:
            self._early_sdp = sdp
            self._put(EarlyMedia(sdp))

    async def _on_answer(self, response: SipResponse) -> None:
        dialog = dialog_of_outgoing(self._invite, response)
        await self._acknowledge(response, dialog)
        if dialog.key in self._answered:
            return  # our ACK was lost
        is_first = not self._answered
        self._answered.add(dialog.key)
        leg = self._take_up(dialog, response)
        if (
            self._is_given_up or not is_first
        ):  # CANCEL and 200 have crossed, or a fork's other phone
            leg.hangup()
            return
        self._leg = leg
        self._endpoint.alarms.cancel((self, UNANSWERED))
        sdp = sdp_of(response) or self._early_sdp
        if sdp is None:
            self._put(Ended("refused", STATUS_NO_SESSION))
            leg.hangup("refused", STATUS_NO_SESSION)
            return
        self._put(Answered(sdp))

    def _take_up(self, dialog: Dialog, response: SipResponse) -> Leg:
        leg = Leg(
            self._endpoint,
            dialog,
            self._flow,
            credentials=self._credentials,
            on_end=lambda: self._over(dialog),
        )
        leg.learn(response)
        leg.agreed(self._invite.text, terms_of_response(response))
        return leg

    async def _acknowledge(self, response: SipResponse, dialog: Dialog) -> None:
        flow = await self._endpoint.flow_for(dialog, self._flow)
        ack = dialog.request("ACK", self._endpoint.via(flow), cseq=cseq_of(response).seq)
        for name in ("Authorization", "Proxy-Authorization"):
            for value in self._invite.headers.get(name):  # as in the INVITE (22.1)
                ack.headers.append(name, value)
        flow.send(bytes(ack))

    def _try_again(self, response: SipResponse) -> bool:
        """Answer a challenge, or ask for a longer session timer; redirects are never followed."""
        headers = self._other_headers(response)
        if headers is None or self._is_given_up:
            return False
        self._invite = again_with(self._invite, self._next_cseq(), headers)
        self._ask()
        return True

    def _other_headers(self, response: SipResponse) -> dict[str, str] | None:
        if response.status_code in (401, 407) and self._credentials is not None:
            self._n_challenges += 1
            is_wrong = self._n_challenges > 1 and not is_stale(response)
            if is_wrong or self._n_challenges >= MOST_TRIES:
                return None
            return answer_challenge(response, self._invite, self._credentials)
        least_s = number_in(response.headers.get_first("Min-SE"))
        asked_s = number_in(self._invite.headers.get_first("Session-Expires"))
        if response.status_code == 422 and least_s and asked_s and asked_s < least_s:
            return {"Session-Expires": str(least_s), "Min-SE": str(least_s)}
        return None

    def _send_cancel(self) -> None:
        """Only after a provisional response (9.1)."""
        machine = self._machine
        if machine is None or self._cancel_sent or machine.state is not State.PROCEEDING:
            return
        self._cancel_sent = True
        machine.give_up(self._endpoint.clock.now())
        self._endpoint.layer.reschedule(machine)
        self._endpoint.layer.ask(cancel_of(self._invite), self._flow, lambda _: None)

    def _put(self, event: CallEvent) -> None:
        if self._ended is None and (self._events.qsize() < MAX_UNREAD or isinstance(event, Ended)):
            self._events.put_nowait(event)

    def _end(self, reason: EndReason, status: int | None) -> None:
        if self._leg is not None or self._ended is not None:
            return
        self._endpoint.alarms.cancel((self, UNANSWERED))
        self._put(Ended(reason, status))
        self._ended = Ended(reason, status)
        self._on_end(self)

    def _over(self, dialog: Dialog) -> None:
        if self._leg is not None and self._leg.dialog is dialog:
            self._on_end(self)
