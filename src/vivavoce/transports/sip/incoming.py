"""A call that somebody makes to us, from its INVITE to its end."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from aiosipua import SipResponse

from vivavoce.errors import TransportClosed
from vivavoce.transports.sip.dialog import dialog_of_incoming
from vivavoce.transports.sip.endpoint import Endpoint
from vivavoce.transports.sip.events import CallEvent, EndReason, ReferProgress
from vivavoce.transports.sip.leg import Leg
from vivavoce.transports.sip.messages import Header, new_token, sdp_of
from vivavoce.transports.sip.offers import respond
from vivavoce.transports.sip.session_timer import Terms
from vivavoce.transports.sip.settings import TransportName
from vivavoce.transports.sip.sockets import Address
from vivavoce.transports.sip.transaction_layer import Served
from vivavoce.transports.sip.transactions import Failed

SECRET_HEADERS = ("authorization", "proxy-authorization")
STATUS_UNANSWERED = 480
STATUS_CANCELLED = 487

CallState = Literal["ringing", "up", "over"]


@dataclass(frozen=True, slots=True)
class Caller:
    """What an INVITE says, and where it came from."""

    call_id: str
    """The Call-ID of SIP."""
    uri: str
    """The Request-URI: who is called."""
    headers: Sequence[Header]
    """All header lines in their order, without passwords."""
    offer: str | None
    """The session that the caller offers; None: it wants our offer."""
    source: Address
    """Address and port that it came from."""
    transport: TransportName
    """How it came."""


class IncomingCall:
    """One call to us. Methods are called on the server's loop; none of them waits.

    The call lives until the server's `on_call` returns: then it is hung up, or ends with 480 if
    nobody has accepted it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        served: Served,
        headers: Sequence[Header],
        terms: Terms | None,
        on_end: Callable[["IncomingCall"], None],
    ) -> None:
        invite = served.request
        self.caller = Caller(
            call_id=invite.call_id or "",
            uri=invite.uri,
            headers=[line for line in headers if line.name.lower() not in SECRET_HEADERS],
            offer=sdp_of(invite),
            source=served.flow.peer,
            transport=served.flow.transport_name,
        )
        self._endpoint = endpoint
        self._served = served
        self._terms = terms
        self._was_accepted = False
        self._on_end = on_end
        dialog = dialog_of_incoming(invite, new_token())
        self._leg = Leg(endpoint, dialog, served.flow, on_end=self._ended)
        self._leg.learn(invite)
        served.on_failed = self._failed
        deadline = endpoint.clock.now() + endpoint.settings.answer_within_s
        endpoint.alarms.set((self, "unanswered"), deadline, self.leave_unanswered)

    @property
    def state(self) -> CallState:
        """`ringing` until it is accepted, rejected or given up."""
        if self._leg.ended is not None:
            return "over"
        return "up" if self._was_accepted else "ringing"

    def events(self) -> AsyncIterator[CallEvent]:
        """Yield `Acknowledged`, `Reoffer` and, last, `Ended`. For one reader."""
        return self._leg.events()

    def ring(self, status: int = 180) -> None:
        """Tell the caller that it rings; nothing happens when the call is not ringing any more."""
        if self.state == "ringing":
            self._served.respond(self._response(status))

    def accept(self, sdp: str) -> None:
        """Answer the call. `Acknowledged` follows when the caller has got it.

        Args:
            sdp: the answer to `caller.offer`, or our offer if there is none.

        Raises:
            TransportClosed: the call is not ringing any more.
        """
        if self.state != "ringing":
            raise TransportClosed("the call is not ringing any more")
        self._was_accepted = True
        self._endpoint.alarms.cancel((self, "unanswered"))
        self._leg.offers.accept(self._served, sdp, self._terms)

    def reject(self, status: int = 603) -> None:
        """Refuse the call.

        Args:
            status: 400 to 699.

        Raises:
            TransportClosed: the call is not ringing any more.
        """
        if self.state != "ringing":
            raise TransportClosed("the call is not ringing any more")
        self._refuse("rejected", status)

    def hangup(self) -> None:
        """End the call, in whatever state it is; nothing happens when it is over."""
        if self.state == "ringing":
            self._refuse("hangup", STATUS_UNANSWERED)
        else:
            self._leg.hangup()

    def refer(self, target: str) -> AsyncIterator[ReferProgress]:
        """Ask the caller's side to call somebody else instead of us, and yield how that goes.

        The call itself goes on; hang up when it has worked. The iterator also ends when the call
        does, as it may when the far side has followed.

        Args:
            target: `sip:` or `tel:` URI.

        Raises:
            TransportClosed: on the first step, if the call is not up.
        """
        return self._leg.refer(target)

    def cancel(self) -> None:
        """The caller gave up (CANCEL)."""
        if self.state == "ringing":
            self._refuse("cancelled", STATUS_CANCELLED)

    def on_cancel(self, served: Served) -> bool:
        """Take a CANCEL; False if it is about another call's INVITE."""
        if served is self._served:
            self.cancel()
            return True
        return self._leg.offers.on_cancel(served)

    def leave_unanswered(self) -> None:
        """Nobody has accepted it."""
        if self.state == "ringing":
            self._refuse("unanswered", STATUS_UNANSWERED)

    def close(self, reason: EndReason, status: int) -> None:
        """End it on the server's behalf."""
        if self.state == "ringing":
            self._refuse(reason, status)
        else:
            self._leg.hangup(reason)

    def _refuse(self, reason: EndReason, status: int) -> None:
        respond(self._served, status)
        self._leg.end(reason, status)

    def _response(self, status: int) -> SipResponse:
        tag = self._leg.local_tag
        return self._endpoint.accept_response(self._served.request, self._served.flow, status, tag)

    def _failed(self, failed: Failed) -> None:
        """The caller is out of reach before the answer; after a refusal nothing is lost."""
        self._leg.end("unreachable")

    def _ended(self) -> None:
        self._endpoint.alarms.cancel((self, "unanswered"))
        if self._served.is_open:  # a BYE before the answer
            respond(self._served, STATUS_CANCELLED)
        self._on_end(self)
