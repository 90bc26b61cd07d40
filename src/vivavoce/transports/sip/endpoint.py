"""What calls and registrations need of the server: ways, names of ours, and requests sent."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Coroutine
from typing import Protocol

from aiosipua import SipRequest, SipResponse
from aiosipua.utils import bracket_ipv6

from vivavoce.clock import Clock
from vivavoce.transports.sip.addresses import (
    Hop,
    UnknownAddress,
    address_of,
    hop_of,
    host_port,
    is_behind_translation,
)
from vivavoce.transports.sip.alarms import Alarms
from vivavoce.transports.sip.dialog import Dialog, DialogKey
from vivavoce.transports.sip.digest import Credentials, answer_challenge, is_stale
from vivavoce.transports.sip.messages import (
    ALLOW,
    SUPPORTED,
    Message,
    cseq_of,
    new_branch,
    response_to,
)
from vivavoce.transports.sip.settings import SipSettings, TransportName
from vivavoce.transports.sip.sockets import Flow, Sockets
from vivavoce.transports.sip.transaction_layer import TransactionLayer
from vivavoce.transports.sip.transactions import Failed, again_with

LOG = logging.getLogger(__name__)

DEFAULT_PORT = 5060
MOST_TRIES = 3
"""Of one request: without a password, with it, and with a newer nonce."""
MEETING_POINT = {4: ("192.0.2.1", 9), 6: ("2001:db8::1", 9)}
"""Addresses of documentation (RFC 5737, RFC 3849): nothing is sent, the kernel names our side."""


class InDialog(Protocol):
    """Who takes the requests of one dialog."""

    def on_request(self, request: SipRequest, flow: Flow) -> None:
        """Take a request; it has passed the screening."""

    def on_ack(self, ack: SipRequest) -> None:
        """Take the ACK of a 2xx."""


class Endpoint:
    """Shared by everything that speaks SIP in one server."""

    layer: TransactionLayer
    sockets: Sockets

    def __init__(self, settings: SipSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.alarms = Alarms(clock)
        self.dialogs: dict[DialogKey, InDialog] = {}
        self._tasks = asyncio.TaskGroup()
        self._running: set[asyncio.Task[None]] = set()
        self._dialog_ended: asyncio.Event | None = None
        self._is_closed = False
        self._own_addresses: dict[str, str] = {}

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run something for as long as the server runs; after that, nothing."""
        if self._is_closed:
            work.close()
            return
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def open(self) -> None:
        """Allow tasks."""
        await self._tasks.__aenter__()

    async def quiet(self) -> None:
        """Wait until our BYEs are answered: then no dialog is left."""
        while self.dialogs:
            done = asyncio.Event()
            self._dialog_ended = done
            await done.wait()

    def forget(self, key: DialogKey) -> None:
        """A dialog is over."""
        self.dialogs.pop(key, None)
        if self._dialog_ended is not None:
            self._dialog_ended.set()

    async def close(self) -> None:
        """End all tasks, alarms and sockets."""
        self._is_closed = True
        for task in list(self._running):
            task.cancel()
        await self._tasks.__aexit__(None, None, None)
        self.alarms.close()
        await self.sockets.close()

    def via(self, flow: Flow) -> str:
        """Return a Via with a new branch."""
        return (
            f"SIP/2.0/{flow.transport_name.upper()} {self._sent_by(flow)}"
            f";branch={new_branch()};rport"
        )

    def contact(self, flow: Flow) -> str:
        """Return our Contact for messages on this way."""
        name = flow.transport_name
        transport = "" if name == "udp" else f";transport={name}"
        return f"<sip:vivavoce@{self._sent_by(flow)}{transport}>"

    def host(self, flow: Flow) -> str:
        """Return the address that the far side reaches us at."""
        return bracket_ipv6(self._own_host(flow))

    def accept_response(
        self, request: SipRequest, flow: Flow, status: int, tag: str
    ) -> SipResponse:
        """Build a response that begins or keeps a dialog."""
        response = response_to(request, status, to_tag=tag)
        for value in request.headers.get("Record-Route"):
            response.headers.append("Record-Route", value)
        self.say_who(response, flow)
        return response

    def say_who(self, message: Message, flow: Flow) -> None:
        """Write where we are and what we understand."""
        message.headers.set_single("Contact", self.contact(flow))
        message.headers.set_single("Allow", ALLOW)
        message.headers.set_single("Supported", SUPPORTED)

    async def flow_for(self, dialog: Dialog, flow: Flow) -> Flow:
        """Return the way for a request in a dialog whose messages came by `flow` so far.

        An open connection is kept; by UDP the dialog's next hop is taken, unless it names a
        private address behind which the far side cannot be.
        """
        if flow.is_reliable and flow.is_open:
            return flow
        try:
            hop = hop_of(dialog.next_hop)
            if not flow.is_reliable and is_behind_translation(hop.host, flow.peer[0]):
                return flow
            return await self.sockets.flow_to(hop)
        except UnknownAddress as error:
            LOG.debug("%s", error)
            return flow

    async def flow_to(self, hop: Hop) -> Flow:
        """Return a way to a hop.

        Raises:
            UnknownAddress: there is none.
        """
        return await self.sockets.flow_to(hop)

    async def exchange(
        self,
        request: SipRequest,
        flow: Flow,
        credentials: Credentials | None,
        next_cseq: Callable[[], int],
        on_repeated: Callable[[SipResponse], None] | None = None,
    ) -> SipResponse:
        """Send a request and return its final response; passwords are shown when asked for.

        No answer becomes 408, no way 503 (RFC 3261, 8.1.3.1).
        """
        was_shown = False
        for _ in range(MOST_TRIES):
            response = await self._exchange_once(request, flow, on_repeated)
            if response.status_code not in (401, 407) or credentials is None:
                return response
            if was_shown and not is_stale(response):
                return response
            answer = answer_challenge(response, request, credentials)
            if answer is None:
                return response
            was_shown = True
            request = again_with(request, next_cseq(), answer)
        return response

    async def _exchange_once(
        self, request: SipRequest, flow: Flow, on_repeated: Callable[[SipResponse], None] | None
    ) -> SipResponse:
        final: asyncio.Future[SipResponse] = asyncio.get_running_loop().create_future()

        def told(message: Message | Failed) -> None:
            if isinstance(message, Failed):
                message = response_to(request, 408 if message.reason == "timeout" else 503)
            if not isinstance(message, SipResponse) or message.status_code < 200:
                return
            if not final.done():
                final.set_result(message)
            elif on_repeated is not None:
                on_repeated(message)

        self.layer.ask(request, flow, told)
        return await final

    def _sent_by(self, flow: Flow) -> str:
        name: TransportName = flow.transport_name
        listening = self.sockets.listening.get(name)
        port = listening[1] if listening else flow.local[1]
        return host_port(self._own_host(flow), port or DEFAULT_PORT)

    def _own_host(self, flow: Flow) -> str:
        if self.settings.advertised_host:
            return self.settings.advertised_host
        local = flow.local[0]
        address = address_of(local)
        if address is not None and not address.is_unspecified:
            return local
        peer = flow.peer[0]
        if peer not in self._own_addresses:
            if len(self._own_addresses) > 1024:
                self._own_addresses.clear()
            self._own_addresses[peer] = _address_towards(peer)
        return self._own_addresses[peer]


def cseq_counter(request: SipRequest) -> Callable[[], int]:
    """Return a counter for requests outside dialogs, from the number of the first one."""
    number = cseq_of(request).seq

    def count() -> int:
        nonlocal number
        number += 1
        return number

    return count


def _address_towards(peer: str) -> str:
    """Ask the kernel which of our addresses a peer would see; nothing is sent."""
    address = address_of(peer)
    version = 6 if isinstance(address, ipaddress.IPv6Address) else 4
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        for target in ((str(address), 9), MEETING_POINT[version]):
            try:
                probe.connect(target)
                return str(probe.getsockname()[0])
            except OSError as error:
                LOG.debug("%s: %s", target, error)
    return "127.0.0.1" if version == 4 else "::1"
