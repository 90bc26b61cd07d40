"""SIP transactions as machines without I/O (RFC 3261, section 17, with RFC 6026).

A machine takes what happened (`receive`, `respond`, `tick`, `transport_failed`) with the time, and
returns what to do. It never waits: `next_deadline` says when it wants its next `tick`. A machine
whose `next_deadline` is `OVER` is at its end and can be forgotten.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from aiosipua import SipRequest, SipResponse

from vivavoce.transports.sip.messages import Message, new_branch

T1_S = 0.5
"""Estimate of a round trip: the first retransmission (RFC 3261, table 4)."""
T2_S = 4.0
"""Longest pause between retransmissions."""
T4_S = 5.0
"""How long a message may live in the network."""
GIVE_UP_S = 64 * T1_S
NEVER = float("inf")
OVER = float("-inf")


class State(StrEnum):
    """Where a transaction is; the names are those of the RFCs."""

    CALLING = "calling"
    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Send:
    """Put this message on the wire."""

    message: Message


@dataclass(frozen=True, slots=True)
class Deliver:
    """Give this message to the user of the transaction."""

    message: Message


@dataclass(frozen=True, slots=True)
class Failed:
    """The transaction has ended without what it waited for."""

    reason: Literal["timeout", "transport"]


Output = Send | Deliver | Failed


class Transaction(Protocol):
    """What the table of transactions sees of each."""

    state: State

    @property
    def next_deadline(self) -> float:
        """When `tick` is due; `NEVER`, or `OVER` at the end."""

    def receive(self, message: Message, now: float) -> list[Output]:
        """Take a message that belongs to this transaction."""

    def tick(self, now: float) -> list[Output]:
        """Do what is due."""

    def transport_failed(self) -> list[Output]:
        """The message could not be sent."""


class Retransmission:
    """When a message is to be sent again: after 0.5, 1, 2 s ..., up to a longest pause."""

    def __init__(self, now: float, *, longest_s: float = T2_S, first_s: float = T1_S) -> None:
        self._pause_s = first_s
        self._longest_s = longest_s
        self.due = now + first_s

    def passed(self, now: float) -> bool:
        """Say whether it is time to send; then the next time is set."""
        if now < self.due:
            return False
        self._pause_s = min(2 * self._pause_s, self._longest_s)
        self.due = now + self._pause_s
        return True


class ServerInvite:
    """INVITE, answered by us (17.2.1; RFC 6026, 7.1). A 2xx is resent by `Answer`, not here."""

    def __init__(self, request: SipRequest, now: float, *, reliable: bool) -> None:
        self.state = State.PROCEEDING
        self.request = request
        self._reliable = reliable
        self._last: SipResponse | None = None
        self._resend: Retransmission | None = None
        self._end = NEVER

    @property
    def next_deadline(self) -> float:
        """See `Transaction`."""
        if self.state is State.TERMINATED:
            return OVER
        return min(self._end, self._resend.due if self._resend else NEVER)

    def respond(self, response: SipResponse, now: float) -> list[Output]:
        """Send a response; one after the final one is dropped, except a 2xx that is resent."""
        final = response.status_code >= 200
        accepts = 200 <= response.status_code < 300
        if self.state is State.ACCEPTED and accepts:
            return [Send(response)]
        if self.state is not State.PROCEEDING:
            return []
        self._last = response
        if final:
            self._end = now + GIVE_UP_S
            self.state = State.ACCEPTED if accepts else State.COMPLETED
            if not accepts and not self._reliable:
                self._resend = Retransmission(now)
        return [Send(response)]

    def receive(self, message: Message, now: float) -> list[Output]:
        """Take a retransmitted INVITE, or the ACK of a refusal (that of a 2xx is not ours)."""
        if not isinstance(message, SipRequest):
            return []
        if message.method == "INVITE":
            repeats = self.state in (State.PROCEEDING, State.COMPLETED)
            return [Send(self._last)] if repeats and self._last is not None else []
        if message.method == "ACK" and self.state is State.COMPLETED:
            self._resend = None
            self._end = now + T4_S
            self.state = State.TERMINATED if self._reliable else State.CONFIRMED
        elif message.method == "ACK" and self.state is State.ACCEPTED:
            return [Deliver(message)]
        return []

    def tick(self, now: float) -> list[Output]:
        """See `Transaction`."""
        if now >= self._end:
            unacknowledged = self.state is State.COMPLETED
            self.state = State.TERMINATED
            return [Failed("timeout")] if unacknowledged else []
        if self._resend is not None and self._last is not None and self._resend.passed(now):
            return [Send(self._last)]
        return []

    def transport_failed(self) -> list[Output]:
        """See `Transaction`. An accepted call goes on (RFC 6026, 7.1)."""
        if self.state in (State.ACCEPTED, State.TERMINATED):
            return []
        self.state = State.TERMINATED
        return [Failed("transport")]


class ServerRequest:
    """Any other request, answered by us (17.2.2)."""

    def __init__(self, request: SipRequest, now: float, *, reliable: bool) -> None:
        self.state = State.TRYING
        self.request = request
        self._reliable = reliable
        self._last: SipResponse | None = None
        self._end = NEVER

    @property
    def next_deadline(self) -> float:
        """See `Transaction`."""
        return OVER if self.state is State.TERMINATED else self._end

    def respond(self, response: SipResponse, now: float) -> list[Output]:
        """Send a response; one after the final one is dropped."""
        if self.state not in (State.TRYING, State.PROCEEDING):
            return []
        self._last = response
        self.state = State.PROCEEDING
        if response.status_code >= 200:
            self._end = now + GIVE_UP_S
            self.state = State.TERMINATED if self._reliable else State.COMPLETED
        return [Send(response)]

    def receive(self, message: Message, now: float) -> list[Output]:
        """Take a retransmission: the last response goes out again."""
        return [] if self._last is None else [Send(self._last)]

    def tick(self, now: float) -> list[Output]:
        """See `Transaction`."""
        if now >= self._end:
            self.state = State.TERMINATED
        return []

    def transport_failed(self) -> list[Output]:
        """See `Transaction`."""
        if self.state is State.TERMINATED:
            return []
        self.state = State.TERMINATED
        return [Failed("transport")]


class ClientInvite:
    """INVITE of ours (17.1.1; RFC 6026, 7.2). Begin with `start`."""

    def __init__(self, request: SipRequest, *, reliable: bool) -> None:
        self.state = State.CALLING
        self.request = request
        self._reliable = reliable
        self._resend: Retransmission | None = None
        self._end = NEVER

    @property
    def next_deadline(self) -> float:
        """See `Transaction`."""
        if self.state is State.TERMINATED:
            return OVER
        return min(self._end, self._resend.due if self._resend else NEVER)

    def start(self, now: float) -> list[Output]:
        """Send the request."""
        self._end = now + GIVE_UP_S
        if not self._reliable:
            self._resend = Retransmission(now, longest_s=GIVE_UP_S)
        return [Send(self.request)]

    def receive(self, message: Message, now: float) -> list[Output]:
        """Take a response; a refusal is acknowledged here, a 2xx by the call."""
        if not isinstance(message, SipResponse):
            return []
        match self.state, message.status_code // 100:
            case ((State.CALLING | State.PROCEEDING), 1):
                self._resend, self._end = None, NEVER
                self.state = State.PROCEEDING
            case ((State.CALLING | State.PROCEEDING), 2):
                self._resend, self._end = None, now + GIVE_UP_S
                self.state = State.ACCEPTED
            case State.ACCEPTED, 2:
                pass  # from another branch of a fork, or the ACK was lost: the call decides
            case ((State.CALLING | State.PROCEEDING), _):
                self._resend, self._end = None, now + GIVE_UP_S
                self.state = State.TERMINATED if self._reliable else State.COMPLETED
                return [Send(refusal_ack(self.request, message)), Deliver(message)]
            case State.COMPLETED, status if status >= 3:
                return [Send(refusal_ack(self.request, message))]
            case _:
                return []
        return [Deliver(message)]

    def give_up(self, now: float) -> None:
        """After a CANCEL: end, if no final response comes in time (9.1)."""
        if self.state in (State.CALLING, State.PROCEEDING):
            self._end = now + GIVE_UP_S

    def tick(self, now: float) -> list[Output]:
        """See `Transaction`."""
        if now >= self._end:
            unanswered = self.state in (State.CALLING, State.PROCEEDING)
            self.state = State.TERMINATED
            return [Failed("timeout")] if unanswered else []
        if self._resend is not None and self._resend.passed(now):
            return [Send(self.request)]
        return []

    def transport_failed(self) -> list[Output]:
        """See `Transaction`."""
        unanswered = self.state in (State.CALLING, State.PROCEEDING)
        self.state = State.TERMINATED if self.state is not State.ACCEPTED else self.state
        return [Failed("transport")] if unanswered else []


class ClientRequest:
    """Any other request of ours (17.1.2). Begin with `start`."""

    def __init__(self, request: SipRequest, *, reliable: bool) -> None:
        self.state = State.TRYING
        self.request = request
        self._reliable = reliable
        self._resend: Retransmission | None = None
        self._end = NEVER

    @property
    def next_deadline(self) -> float:
        """See `Transaction`."""
        if self.state is State.TERMINATED:
            return OVER
        return min(self._end, self._resend.due if self._resend else NEVER)

    def start(self, now: float) -> list[Output]:
        """Send the request."""
        self._end = now + GIVE_UP_S
        if not self._reliable:
            self._resend = Retransmission(now)
        return [Send(self.request)]

    def receive(self, message: Message, now: float) -> list[Output]:
        """Take a response."""
        waits = self.state in (State.TRYING, State.PROCEEDING)
        if not isinstance(message, SipResponse) or not waits:
            return []
        if message.status_code < 200:
            self.state = State.PROCEEDING
            if self._resend is not None:  # from now on at the longest pause (17.1.2.2)
                self._resend = Retransmission(now, first_s=T2_S)
        else:
            self._resend, self._end = None, now + T4_S
            self.state = State.TERMINATED if self._reliable else State.COMPLETED
        return [Deliver(message)]

    def tick(self, now: float) -> list[Output]:
        """See `Transaction`."""
        if now >= self._end:
            unanswered = self.state is not State.COMPLETED
            self.state = State.TERMINATED
            return [Failed("timeout")] if unanswered else []
        if self._resend is not None and self._resend.passed(now):
            return [Send(self.request)]
        return []

    def transport_failed(self) -> list[Output]:
        """See `Transaction`."""
        unanswered = self.state in (State.TRYING, State.PROCEEDING)
        self.state = State.TERMINATED
        return [Failed("transport")] if unanswered else []


class Answer:
    """A 2xx to an INVITE, resent until its ACK comes (13.3.1.4), over streams too."""

    def __init__(self, response: SipResponse, now: float) -> None:
        self.response = response
        self._resend = Retransmission(now)
        self._end = now + GIVE_UP_S
        self.is_acknowledged = False

    @property
    def next_deadline(self) -> float:
        """When `tick` is due; `OVER` at the end."""
        return OVER if self.is_acknowledged else min(self._resend.due, self._end)

    def tick(self, now: float) -> list[Output]:
        """Resend, or say that nobody acknowledges: then the call must end."""
        if self.is_acknowledged:
            return []
        if now >= self._end:
            self.is_acknowledged = True
            return [Failed("timeout")]
        return [Send(self.response)] if self._resend.passed(now) else []


def refusal_ack(invite: SipRequest, response: SipResponse) -> SipRequest:
    """Build the ACK of a final response that is no 2xx (17.1.1.3)."""
    ack = SipRequest(method="ACK", uri=invite.uri)
    ack.headers.append("Via", invite.headers.get("Via")[0])
    _copy(invite, ack, "Route", "Max-Forwards", "From", "Call-ID")
    ack.headers.set_single("To", response.headers.get_first("To") or "")
    ack.headers.set_single("CSeq", f"{_number(invite)} ACK")
    return ack


def cancel_of(invite: SipRequest) -> SipRequest:
    """Build the CANCEL of an INVITE; it has the INVITE's branch (9.1)."""
    cancel = SipRequest(method="CANCEL", uri=invite.uri)
    cancel.headers.append("Via", invite.headers.get("Via")[0])
    _copy(invite, cancel, "Route", "Max-Forwards", "From", "To", "Call-ID")
    cancel.headers.set_single("CSeq", f"{_number(invite)} CANCEL")
    return cancel


def again_with(request: SipRequest, cseq: int, headers: dict[str, str]) -> SipRequest:
    """Copy a request for a second try: another branch and CSeq, and some other headers."""
    copy = SipRequest(
        method=request.method, uri=request.uri, headers=request.headers.copy(), body=request.body
    )
    via = copy.via[0]
    via.branch = new_branch()
    copy.via = [via]
    copy.headers.set_single("CSeq", f"{cseq} {request.method}")
    for name, value in headers.items():
        copy.headers.set_single(name, value)
    return copy


def _copy(source: SipRequest, target: SipRequest, *names: str) -> None:
    for name in names:
        for value in source.headers.get(name):
            target.headers.append(name, value)


def _number(request: SipRequest) -> int:
    cseq = request.cseq
    return 0 if cseq is None else cseq.seq
