"""Offers of the far side within a call, and our 2xx until its ACK (RFC 3261, section 14)."""

from collections.abc import Callable, Sequence
from typing import Protocol

from aiosipua import SipRequest, SipResponse

from vivavoce.transports.sip.dialog import Dialog
from vivavoce.transports.sip.endpoint import Endpoint
from vivavoce.transports.sip.events import Acknowledged, CallEvent, Reoffer
from vivavoce.transports.sip.messages import (
    cseq_of,
    response_to,
    sdp_of,
    set_body,
)
from vivavoce.transports.sip.screening import Refusal, body_refusal, invite_refusal
from vivavoce.transports.sip.session_timer import Terms, write_terms_to_response
from vivavoce.transports.sip.sockets import Flow
from vivavoce.transports.sip.transaction_layer import Served, way_back
from vivavoce.transports.sip.transactions import Answer, Send

DECIDE_WITHIN_S = 20.0
"""For the call's owner to answer an offer; an UPDATE of the far side times out after 32 s."""
RETRY_AFTER_S = 2
"""What we name to who must try again; the RFC wants 0 to 10."""


class CallSide(Protocol):
    """The call that the offers are made in."""

    dialog: Dialog
    local_tag: str

    @property
    def is_offering(self) -> bool:
        """Whether an offer of ours is under way."""

    def put(self, event: CallEvent) -> None:
        """Tell the call's owner."""

    def agreed(self, sdp: str | None, terms: Terms | None) -> None:
        """The session stands as described by us, with this timer."""

    def unacknowledged(self) -> None:
        """A 2xx of ours was not acknowledged in time."""

    def acknowledged(self) -> None:
        """A 2xx of ours was acknowledged."""


class Offers:
    """The UAS side of INVITE and UPDATE in one call."""

    def __init__(self, endpoint: Endpoint, call: CallSide) -> None:
        self._endpoint = endpoint
        self._call = call
        self._answer: Answer | None = None
        self._answer_flow: Flow | None = None
        self._number = 0
        self._made_offer = False
        self._reoffer: Reoffer | None = None
        self._asked: Served | None = None

    @property
    def awaits_ack(self) -> bool:
        """Whether a 2xx of ours is not acknowledged yet: then no BYE may be sent."""
        return self._answer is not None and not self._answer.is_acknowledged

    def accept(self, served: Served, sdp: str, terms: Terms | None) -> None:
        """Answer an INVITE or UPDATE with a session."""
        call = self._call
        response = self._endpoint.accept_response(served.request, served.flow, 200, call.local_tag)
        write_terms_to_response(response, terms)
        set_body(response, sdp)
        self._made_offer = sdp_of(served.request) is None
        served.respond(response)
        if served.request.method == "INVITE":
            self._await_ack(served, response)
        call.agreed(sdp, terms)

    def on_offer(self, request: SipRequest, flow: Flow, terms: Terms | None) -> None:
        """Take an INVITE, or an UPDATE with an offer, within the call."""
        served = self._endpoint.layer.serve(request, flow)
        invites = request.method == "INVITE"
        refusal = self._refusal(request) or (invite_refusal if invites else body_refusal)(request)
        if refusal is not None:
            respond(served, refusal.status, refusal.headers)
            return
        self._call.dialog.refresh_target(request)
        self._asked = served
        self._reoffer = Reoffer(sdp_of(request), self._settler(served, terms))
        deadline = self._endpoint.clock.now() + DECIDE_WITHIN_S
        self._endpoint.alarms.set((self, "offer"), deadline, lambda: self.withdraw(500))
        self._call.put(self._reoffer)

    def on_ack(self, ack: SipRequest) -> None:
        """Take the ACK of our 2xx."""
        if self._answer is None or self._answer.is_acknowledged:
            return
        if cseq_of(ack).seq != self._number:
            return
        self._answer.is_acknowledged = True
        self._endpoint.alarms.cancel((self, "answer"))
        self._call.put(Acknowledged(sdp_of(ack) if self._made_offer else None))
        self._call.acknowledged()

    def on_cancel(self, served: Served) -> bool:
        """Take the CANCEL of an INVITE within the call; False if it is another's."""
        if served is not self._asked:
            return False
        self.withdraw(487)
        return True

    def withdraw(self, status: int) -> None:
        """Answer what is still open with a refusal: the call ends, or the offer was cancelled."""
        if self._reoffer is not None:
            self._reoffer.withdraw()
        if self._asked is not None and self._asked.is_open:
            respond(self._asked, status)
        self._reoffer = self._asked = None
        self._endpoint.alarms.cancel((self, "offer"))

    def close(self) -> None:
        """Stop resending."""
        if self._answer is not None:
            self._answer.is_acknowledged = True
        self._endpoint.alarms.cancel((self, "answer"))

    def _refusal(self, request: SipRequest) -> Refusal | None:
        if self._call.is_offering or (request.method == "INVITE" and self.awaits_ack):
            return Refusal(491)
        if self._reoffer is not None and self._reoffer.is_open:
            return Refusal(500, (("Retry-After", str(RETRY_AFTER_S)),))
        return None

    def _settler(self, served: Served, terms: Terms | None) -> Callable[[str | None, int], None]:
        def settle(sdp: str | None, status: int) -> None:
            self._asked = None
            self._endpoint.alarms.cancel((self, "offer"))
            if sdp is None:
                respond(served, status)
            elif served.is_open:
                self.accept(served, sdp, terms)

        return settle

    def _await_ack(self, served: Served, response: SipResponse) -> None:
        self._answer = Answer(response, self._endpoint.clock.now())
        self._answer_flow = way_back(response, served.flow)
        self._number = cseq_of(served.request).seq
        self._set_alarm(self._answer)

    def _set_alarm(self, answer: Answer) -> None:
        alarms = self._endpoint.alarms
        alarms.set((self, "answer"), answer.next_deadline, lambda: self._tick(answer))

    def _tick(self, answer: Answer) -> None:
        for output in answer.tick(self._endpoint.clock.now()):
            match output:
                case Send(message) if self._answer_flow is not None:
                    self._answer_flow.send(bytes(message))
                case _:
                    self._call.unacknowledged()
        self._set_alarm(answer)


def respond(served: Served, status: int, headers: Sequence[tuple[str, str]] = ()) -> None:
    """Answer a request within a dialog, or refuse it."""
    response = response_to(served.request, status)
    for name, value in headers:
        response.headers.append(name, value)
    served.respond(response)
