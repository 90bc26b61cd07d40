"""UDP, TCP and TLS sockets: bytes in and out, nothing about what they mean."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Protocol

from vivavoce.errors import ConfigError
from vivavoce.transports.sip.addresses import Hop, UnknownAddress, address_of
from vivavoce.transports.sip.framing import PING, PONG, FramingError, StreamFraming
from vivavoce.transports.sip.messages import LAST_PORT
from vivavoce.transports.sip.settings import SipSettings, TransportName

LOG = logging.getLogger(__name__)

CONNECT_S = 10.0
HALF_MESSAGE_S = 32.0
"""A connection that begins no message, or does not end one, for this long is closed."""
MAX_UNSENT_BYTES = 1024 * 1024
"""A peer that reads nothing is let go."""

Address = tuple[str, int]


class Flow(Protocol):
    """The way that a message came, which is also the way back."""

    transport_name: TransportName
    is_reliable: bool
    local: Address
    peer: Address

    @property
    def is_open(self) -> bool:
        """Whether something can still be sent."""

    def send(self, data: bytes) -> bool:
        """Send; False when that is not possible. Never raises, never waits."""


Received = Callable[[bytes, Flow], None]
"""Takes one message; called on the loop, must not raise."""


class Sockets:
    """All sockets of one server."""

    def __init__(
        self,
        settings: SipSettings,
        received: Received,
        *,
        server_tls: ssl.SSLContext | None,
        client_tls: ssl.SSLContext | None,
    ) -> None:
        self._settings = settings
        self._received = received
        self._server_tls = server_tls
        self._client_tls = client_tls
        self._udp: _UdpSocket | None = None
        self._servers: list[asyncio.Server] = []
        self._streams: set[_Stream] = set()
        self.listening: dict[TransportName, Address] = {}
        """The addresses bound, by transport."""

    async def open(self) -> None:
        """Listen.

        Raises:
            ConfigError: an address can't be had, or TLS has no certificate.
        """
        host, settings = self._settings.host, self._settings
        if settings.tls_port is not None and self._server_tls is None:
            raise ConfigError("TLS needs a certificate", path="sip.tls_port")
        try:
            if settings.udp_port is not None:
                await self._open_udp(host, settings.udp_port)
            if settings.tcp_port is not None:
                await self._listen("tcp", host, settings.tcp_port, None)
            if settings.tls_port is not None:
                await self._listen("tls", host, settings.tls_port, self._server_tls)
        except OSError as error:
            await self.close()
            raise ConfigError(f"can't listen on {host}: {error}", path="sip.host") from error

    async def close(self) -> None:
        """Close everything."""
        for server in self._servers:
            server.close()
        for stream in list(self._streams):
            stream.close()
        if self._udp is not None:
            self._udp.close()
        self._servers.clear()

    async def flow_to(self, hop: Hop) -> Flow:
        """Return a way to a hop; an open connection is used again.

        Raises:
            UnknownAddress: there is none.
        """
        if hop.transport == "udp":
            if self._udp is None:
                raise UnknownAddress("UDP is off")
            return UdpFlow(self._udp, await _resolved(hop, self._udp.local))
        for stream in self._streams:
            is_it = stream.transport_name == hop.transport and hop in stream.hops
            if is_it and stream.is_open:
                return stream
        return await self._connect(hop)

    def add(self, stream: "_Stream", *, from_outside: bool) -> bool:
        """Count a new connection; False: there are too many."""
        if from_outside and len(self._streams) >= self._settings.max_connections:
            return False
        self._streams.add(stream)
        return True

    def remove(self, stream: "_Stream") -> None:
        """Forget a closed connection."""
        self._streams.discard(stream)

    async def _open_udp(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        _, self._udp = await loop.create_datagram_endpoint(
            lambda: _UdpSocket(self._received), local_addr=(host, port)
        )
        self.listening["udp"] = self._udp.local

    async def _listen(
        self, name: TransportName, host: str, port: int, tls: ssl.SSLContext | None
    ) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: _Stream(self, name, self._received),
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=CONNECT_S if tls else None,
        )
        self._servers.append(server)
        self.listening[name] = server.sockets[0].getsockname()[:2]

    async def _connect(self, hop: Hop) -> Flow:
        loop = asyncio.get_running_loop()
        tls = None
        if hop.transport == "tls":
            tls = self._client_tls or await asyncio.to_thread(ssl.create_default_context)
        try:
            async with asyncio.timeout(CONNECT_S):
                _, stream = await loop.create_connection(
                    lambda: _Stream(self, hop.transport, self._received, hop),
                    hop.host,
                    hop.port,
                    ssl=tls,
                    server_hostname=hop.host if tls else None,
                )
        except (OSError, TimeoutError, UnicodeError) as error:
            raise UnknownAddress(f"can't connect to {hop.host}: {error}") from error
        return stream


class UdpFlow:
    """A `Flow` to one address by UDP."""

    transport_name: TransportName = "udp"
    is_reliable = False

    def __init__(self, socket: "_UdpSocket", peer: Address) -> None:
        self._socket = socket
        self.local = socket.local
        self.peer = peer

    @property
    def is_open(self) -> bool:
        """See `Flow`."""
        return self._socket.is_open

    def send(self, data: bytes) -> bool:
        """See `Flow`."""
        return self._socket.send(data, self.peer)

    def towards(self, peer: Address) -> "UdpFlow":
        """Return a way to another address from the same socket."""
        return UdpFlow(self._socket, peer)


class _UdpSocket(asyncio.DatagramProtocol):
    """uvloop's transports are no `asyncio.DatagramTransport`: nothing here asks for that."""

    local: Address

    def __init__(self, received: Received) -> None:
        self._received = received
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # see the class
        self.local = transport.get_extra_info("sockname")[:2]

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def error_received(self, exc: Exception) -> None:
        LOG.debug("UDP: %s", exc)  # a port that nobody listens on: the transaction times out

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.strip(b"\r\n\0 "):  # the rest are keep-alives
            self._received(data, UdpFlow(self, addr[:2]))

    @property
    def is_open(self) -> bool:
        return self._transport is not None

    def send(self, data: bytes, peer: Address) -> bool:
        if self._transport is None or not 0 < peer[1] <= LAST_PORT:
            return False
        try:
            self._transport.sendto(data, peer)
        except (OSError, ValueError) as error:
            LOG.debug("UDP to %s: %s", peer, error)
            return False
        return True

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class _Stream(asyncio.Protocol):
    """A `Flow` over one TCP or TLS connection."""

    is_reliable = True
    local: Address = ("", 0)
    peer: Address = ("", 0)

    def __init__(
        self, sockets: Sockets, name: TransportName, received: Received, hop: Hop | None = None
    ) -> None:
        self.transport_name = name
        self.hops = set() if hop is None else {hop}
        self._sockets = sockets
        self._received = received
        self._from_outside = hop is None
        self._framing = StreamFraming()
        self._transport: asyncio.Transport | None = None
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's is none of asyncio's
        self.local = transport.get_extra_info("sockname")[:2]
        self.peer = (transport.get_extra_info("peername") or self.peer)[:2]  # None: gone already
        self.hops.add(Hop(self.transport_name, *self.peer))
        if not self._sockets.add(self, from_outside=self._from_outside):
            self.abort()
        elif self._from_outside:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._unwatch()
        self._sockets.remove(self)

    def data_received(self, data: bytes) -> None:
        try:
            messages = self._framing.feed(data)
        except FramingError as error:
            LOG.debug("%s: %s", self.peer, error)
            self.close()
            return
        for message in messages:
            self._unwatch()
            if message == PING:
                self.send(PONG)
            else:
                self._received(message, self)
        if self._framing.has_part and self._stalled is None:
            self._watch()

    @property
    def is_open(self) -> bool:
        """See `Flow`."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, data: bytes) -> bool:
        """See `Flow`."""
        if self._transport is None or self._transport.is_closing():
            return False
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self.abort()
        return True

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _watch(self) -> None:
        self._stalled = asyncio.get_running_loop().call_later(HALF_MESSAGE_S, self.abort)

    def _unwatch(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None


async def _resolved(hop: Hop, local: Address) -> Address:
    if address_of(hop.host) is not None:
        return (hop.host, hop.port)
    loop = asyncio.get_running_loop()
    wants_v6 = ":" in local[0]
    try:
        async with asyncio.timeout(CONNECT_S):
            found = await loop.getaddrinfo(hop.host, hop.port)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise UnknownAddress(f"can't find {hop.host}") from error
    for *_, address in found:
        if (":" in str(address[0])) == wants_v6:
            return (str(address[0]), int(address[1]))
    raise UnknownAddress(f"{hop.host} has no address of our kind")
