"""A bad network between a WebRTC client and a server: a relay of datagrams that loses some of them.

The client is given the relay's address in place of the server's; the server sees the client as
behind a router. What is lost or late is drawn from a seed; what comes when is up to the peers.
"""

import asyncio
import random
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

HOST = "127.0.0.1"
MAX_DATAGRAM_BYTES = 2048
LATE_S = 0.045
"""A datagram that is overtaken comes so much later: behind the two that follow it."""
_CANDIDATE = re.compile(r"a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host.*", re.I)

Address = tuple[str, int]


@dataclass
class LossyRelay:
    """Made by `lossy_relay`; everything may be changed while it runs."""

    chance: random.Random
    lost: float = 0.0
    """Share of datagrams, in each direction."""
    overtaken: float = 0.0
    """Share of the others that arrive out of order."""
    is_out: bool = False
    """Whether nothing gets through."""
    n_relayed: int = 0
    n_lost: int = 0
    _server: Address = (HOST, 0)
    _front: socket.socket = field(default_factory=lambda: _socket(HOST))
    _behind: dict[Address, socket.socket] = field(default_factory=dict)
    """One towards the server for each address of the client."""

    def in_between(self, answer: str) -> str:
        """Return the server's SDP answer with the relay as its only candidate."""
        found = [match for line in answer.splitlines() if (match := _CANDIDATE.fullmatch(line))]
        assert found, answer
        self._server = (found[0][1], int(found[0][2]))
        host, port = self._front.getsockname()
        lines: list[str] = []
        for line in answer.splitlines():
            if not line.startswith("a=candidate:"):
                lines.append(line)
            elif line == found[0][0]:
                lines.append(f"a=candidate:1 1 udp 2122194687 {host} {port} typ host generation 0")
        return "\r\n".join([*lines, ""])

    def start(self) -> None:
        """Relay from now on."""
        asyncio.get_running_loop().add_reader(self._front, self._take_from_client)

    def close(self) -> None:
        """Relay no more."""
        loop = asyncio.get_running_loop()
        for one in (self._front, *self._behind.values()):
            loop.remove_reader(one)
            one.close()

    def _take_from_client(self) -> None:
        for data, client in _waiting(self._front):
            behind = self._behind.get(client)
            if behind is None:
                behind = self._behind[client] = _socket("0.0.0.0")
                asyncio.get_running_loop().add_reader(behind, self._take_from_server, client)
            self._pass(behind, data, self._server)

    def _take_from_server(self, client: Address) -> None:
        for data, _ in _waiting(self._behind[client]):
            self._pass(self._front, data, client)

    def _pass(self, out: socket.socket, data: bytes, to: Address) -> None:
        self.n_relayed += 1
        if self.is_out or self.chance.random() < self.lost:
            self.n_lost += 1
        elif self.chance.random() < self.overtaken:
            asyncio.get_running_loop().call_later(LATE_S, _send, out, data, to)
        else:
            _send(out, data, to)


@contextmanager
def lossy_relay(seed: int, *, lost: float = 0.0, overtaken: float = 0.0) -> Iterator[LossyRelay]:
    """Relay until the block is left."""
    relay = LossyRelay(random.Random(seed), lost, overtaken)
    relay.start()
    try:
        yield relay
    finally:
        relay.close()


def _socket(host: str) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setblocking(False)
    one.bind((host, 0))
    return one


def _waiting(one: socket.socket) -> Iterator[tuple[bytes, Address]]:
    while True:
        try:
            yield one.recvfrom(MAX_DATAGRAM_BYTES)
        except ConnectionError:  # the other side is gone
            continue
        except OSError:  # nothing waits, or the relay is closed
            return


def _send(out: socket.socket, data: bytes, to: Address) -> None:
    try:
        out.sendto(data, to)
    except OSError:
        return  # as lost as on any network
