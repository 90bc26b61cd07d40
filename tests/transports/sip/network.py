"""A loop with virtual time and an in-memory UDP network that loses what a test tells it to."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from tests.virtual_time import VirtualLoop

Address = tuple[str, int]
FIRST_FREE_PORT = 20_000


class _Transport(asyncio.DatagramTransport):
    def __init__(self, loop: "NetworkLoop", address: Address) -> None:
        super().__init__()
        self._loop = loop
        self.address = address

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.address if name == "sockname" else default

    def sendto(self, data: bytes, addr: Address | None = None) -> None:  # type: ignore[override]  # narrower
        if addr is not None:
            self._loop.carry(bytes(data), self.address, addr)

    def close(self) -> None:
        self._loop.sockets.pop(self.address, None)

    def is_closing(self) -> bool:
        return False


class NetworkLoop(VirtualLoop):
    """Datagrams go from one socket of this loop to another, 10 ms later."""

    def __init__(self) -> None:
        super().__init__()
        self.sockets: dict[Address, asyncio.DatagramProtocol] = {}
        self.is_lost: Callable[[bytes, Address], bool] = lambda data, to: False
        self._next_port = FIRST_FREE_PORT
        self._n_carried = 0

    async def create_datagram_endpoint(  # type: ignore[override]  # only what the tests use
        self,
        protocol_factory: Callable[[], Any],
        local_addr: Address,
        **_: object,
    ) -> tuple[_Transport, Any]:
        host, port = local_addr
        if port == 0:
            port, self._next_port = self._next_port, self._next_port + 1
        protocol = protocol_factory()
        transport = _Transport(self, (host, port))
        self.sockets[(host, port)] = protocol
        protocol.connection_made(transport)
        return transport, protocol

    async def getaddrinfo(self, *_: object, **__: object) -> Any:
        raise OSError("there are no names in this network")

    def carry(self, data: bytes, source: Address, to: Address) -> None:
        if self.is_lost(data, to):
            return

        def arrive() -> None:
            protocol = self.sockets.get(to)
            if protocol is not None:
                protocol.datagram_received(data, source)

        self._n_carried += 1  # the loop does not keep the order of what is due at the same time
        self.call_later(0.01 + self._n_carried * 1e-7, arrive)


def network() -> NetworkLoop:
    """The running loop, as what it is."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, NetworkLoop)
    return loop


def run_on_network(main: Coroutine[Any, Any, None]) -> None:
    """Run a test in virtual time on the in-memory network."""
    with asyncio.Runner(loop_factory=NetworkLoop) as runner:
        runner.run(main)
