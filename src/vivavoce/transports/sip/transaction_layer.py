"""Runs the transaction machines over flows: retransmissions and acknowledgements happen here."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from aiosipua import SipRequest, SipResponse
from aiosipua.headers import stringify_via

from vivavoce.clock import Clock
from vivavoce.transports.sip.alarms import Alarms
from vivavoce.transports.sip.messages import (
    MalformedMessage,
    Message,
    cseq_of,
    new_token,
    read_message,
    response_to,
    top_via,
)
from vivavoce.transports.sip.sockets import Flow, UdpFlow
from vivavoce.transports.sip.transaction_table import (
    ClientTransaction,
    ServerTransaction,
    TransactionTable,
)
from vivavoce.transports.sip.transactions import (
    ClientInvite,
    ClientRequest,
    Deliver,
    Failed,
    Output,
    Send,
    ServerInvite,
    ServerRequest,
    State,
)

LOG = logging.getLogger(__name__)

MAX_TRANSACTIONS = 50_000
"""Each is kept for half a minute; a flood beyond this is not answered at all."""
DEFAULT_PORT = 5060

Told = Callable[[Message | Failed], None]
"""Takes what a transaction of ours brings: responses, or that it failed."""


class Incoming(Protocol):
    """Who takes what belongs to no transaction."""

    def on_request(self, request: SipRequest, data: bytes, flow: Flow) -> None:
        """Take a new request, not yet in a transaction."""

    def on_ack(self, ack: SipRequest) -> None:
        """Take an ACK that may belong to an answered call."""

    def on_cancel(self, invite: "Served") -> None:
        """The INVITE of this transaction is cancelled; the CANCEL itself is answered."""

    def on_stray_answer(self, response: SipResponse, flow: Flow) -> None:
        """Take a 2xx to an INVITE whose transaction is over."""


@dataclass(eq=False, slots=True)
class Served:
    """A request of the far side in its transaction."""

    request: SipRequest
    flow: Flow
    machine: ServerTransaction
    layer: "TransactionLayer"
    on_failed: Callable[[Failed], None] | None = None

    def respond(self, response: SipResponse) -> None:
        """Send a response."""
        outputs = self.machine.respond(response, self.layer.clock.now())
        self.layer.carry_out(self.machine, outputs)

    @property
    def is_open(self) -> bool:
        """Whether a final response is still wanted."""
        return self.machine.state in (State.TRYING, State.PROCEEDING)


@dataclass(eq=False, slots=True)
class _Asked:
    flow: Flow
    told: Told


class TransactionLayer:
    """All transactions of one server."""

    def __init__(self, clock: Clock, alarms: Alarms, incoming: Incoming) -> None:
        self.clock = clock
        self._alarms = alarms
        self._incoming = incoming
        self._stateless_tag = new_token()
        self._table = TransactionTable()
        self._served: dict[ServerTransaction, Served] = {}
        self._asked: dict[ClientTransaction, _Asked] = {}

    def received(self, data: bytes, flow: Flow) -> None:
        """Take what a socket received. Never raises."""
        try:
            message = read_message(data)
        except MalformedMessage as error:
            LOG.debug("%s: %s", flow.peer, error)
            if error.request is not None:
                mark_way_back(error.request, flow)
                tag = self._stateless_tag
                refusal = response_to(error.request, error.status, to_tag=tag)
                self.send_statelessly(refusal, flow)
            return
        if isinstance(message, SipResponse):
            self._on_response(message, flow)
            return
        mark_way_back(message, flow)
        self._on_request(message, data, flow)

    def serve(self, request: SipRequest, flow: Flow) -> Served:
        """Begin the transaction of a new request; an INVITE is answered 100 at once."""
        now = self.clock.now()
        kind = ServerInvite if request.method == "INVITE" else ServerRequest
        machine = kind(request, now, reliable=flow.is_reliable)
        served = Served(request, flow, machine, self)
        self._table.add_server(machine)
        self._served[machine] = served
        if request.method == "INVITE":
            served.respond(response_to(request, 100))
        return served

    def ask(self, request: SipRequest, flow: Flow, told: Told) -> ClientTransaction:
        """Begin a transaction of ours; `told` is called for each response, or once on failure."""
        kind = ClientInvite if request.method == "INVITE" else ClientRequest
        machine = kind(request, reliable=flow.is_reliable)
        self._table.add_client(machine)
        self._asked[machine] = _Asked(flow, told)
        self.carry_out(machine, machine.start(self.clock.now()))
        return machine

    def reschedule(self, machine: ServerTransaction | ClientTransaction) -> None:
        """Look at the deadline of a machine that somebody has changed."""
        self._alarms.set(machine, machine.next_deadline, lambda: self._tick(machine))

    def is_merged(self, request: SipRequest) -> bool:
        """Say whether this INVITE has come already on another way, or is our own come back."""
        is_own = any(self._table.has_branch(via.branch) for via in request.via)
        return is_own or self._table.is_merged(request)

    @property
    def is_full(self) -> bool:
        """Whether no more transactions can be kept."""
        return len(self._table) >= MAX_TRANSACTIONS

    def send_statelessly(self, response: SipResponse, flow: Flow) -> None:
        """Send a response without keeping it; the far side repeats its request if it is lost."""
        way_back(response, flow).send(bytes(response))

    def carry_out(
        self, machine: ServerTransaction | ClientTransaction, outputs: list[Output]
    ) -> None:
        """Do what a machine ordered."""
        if isinstance(machine, ServerInvite | ServerRequest):
            served = self._served.get(machine)
            if served is not None:
                self._carry_out_served(served, outputs)
        else:
            asked = self._asked.get(machine)
            if asked is not None:
                self._carry_out_asked(machine, asked, outputs)
        if machine.state is State.TERMINATED:
            self._forget(machine)
        else:
            self.reschedule(machine)

    def _carry_out_served(self, served: Served, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send(message):
                    if not way_back(message, served.flow).send(bytes(message)):
                        self._carry_out_served(served, served.machine.transport_failed())
                case Deliver(message):
                    if isinstance(message, SipRequest):
                        self._incoming.on_ack(message)
                case Failed():
                    if served.on_failed is not None:
                        served.on_failed(output)

    def _carry_out_asked(
        self, machine: ClientTransaction, asked: _Asked, outputs: list[Output]
    ) -> None:
        for output in outputs:
            match output:
                case Send(message):
                    if not asked.flow.send(bytes(message)):
                        self._carry_out_asked(machine, asked, machine.transport_failed())
                case Deliver(message):
                    asked.told(message)
                case Failed():
                    asked.told(output)

    def _forget(self, machine: ServerTransaction | ClientTransaction) -> None:
        self._alarms.cancel(machine)
        self._table.remove_if_over(machine)
        if isinstance(machine, ServerInvite | ServerRequest):
            self._served.pop(machine, None)
        else:
            self._asked.pop(machine, None)

    def _tick(self, machine: ServerTransaction | ClientTransaction) -> None:
        self.carry_out(machine, machine.tick(self.clock.now()))

    def _on_request(self, request: SipRequest, data: bytes, flow: Flow) -> None:
        machine = self._table.server_of(request)
        if machine is not None:
            self.carry_out(machine, machine.receive(request, self.clock.now()))
        elif request.method == "ACK":
            self._incoming.on_ack(request)
        elif self.is_full:
            LOG.warning("too many transactions: %s dropped", request.method)
        elif request.method == "CANCEL":
            self._on_cancel(request, flow)
        else:
            self._incoming.on_request(request, data, flow)

    def _on_cancel(self, cancel: SipRequest, flow: Flow) -> None:
        invite = self._table.invite_of(cancel)
        served = None if invite is None else self._served.get(invite)
        if served is None:
            self.send_statelessly(response_to(cancel, 481, to_tag=self._stateless_tag), flow)
            return
        self.serve(cancel, flow).respond(response_to(cancel, 200, to_tag=self._stateless_tag))
        if served.is_open:
            self._incoming.on_cancel(served)

    def _on_response(self, response: SipResponse, flow: Flow) -> None:
        machine = self._table.client_of(response)
        if machine is not None:
            self.carry_out(machine, machine.receive(response, self.clock.now()))
        elif 200 <= response.status_code < 300 and cseq_of(response).method == "INVITE":
            self._incoming.on_stray_answer(response, flow)


def mark_way_back(request: SipRequest, flow: Flow) -> None:
    """Write into the first Via where a request really came from (18.2.1; RFC 3581)."""
    via = top_via(request)
    if "rport" in via.params:
        via.rport = str(flow.peer[1])
        via.received = flow.peer[0]
    elif via.host.strip("[]") != flow.peer[0]:
        via.received = flow.peer[0]
    else:
        return
    request.headers.get("Via")[0] = stringify_via(via)


def way_back(response: Message, flow: Flow) -> Flow:
    """Return the way a response must take: by UDP it may differ from the way of the request."""
    if not isinstance(flow, UdpFlow):
        return flow
    via = top_via(response)
    if "rport" in via.params:
        return flow
    return flow.towards((flow.peer[0], via.port or DEFAULT_PORT))
