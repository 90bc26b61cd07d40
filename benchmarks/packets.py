"""A relay between a caller and the server that notes each sound packet as the kernel saw it.

Packets are encrypted, but for the header and its extension with the loudness (RFC 6464).
"""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LOUD_DBOV = 50
"""Below full scale; what Opus makes of silence is at 127, a tone at 15."""
SO_TIMESTAMPNS = 35
MAX_PACKET_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of sound."""

    at_s: float
    """When the kernel took it in."""
    is_loud: bool


@dataclass
class Relay:
    """Forwards everything, both ways."""

    server: tuple[str, int]
    from_server: list[Packet] = field(default_factory=list)
    from_caller: list[Packet] = field(default_factory=list)
    _caller: tuple[str, int] | None = None

    def take(self, sock: socket.socket) -> None:
        """Forward what has come."""
        while True:
            try:
                data, extras, _, address = sock.recvmsg(MAX_PACKET_BYTES, 64)
            except BlockingIOError:
                return
            if address == self.server:
                self._note(self.from_server, data, extras)
                if self._caller is not None:
                    sock.sendto(data, self._caller)
                continue
            self._caller = self._caller or address
            if address == self._caller:
                self._note(self.from_caller, data, extras)
                sock.sendto(data, self.server)

    def _note(
        self, packets: list[Packet], data: bytes, extras: list[tuple[int, int, bytes]]
    ) -> None:
        is_sound = len(data) > 16 and 128 <= data[0] <= 191 and not 192 <= data[1] <= 223
        if not is_sound:
            return
        seconds, nanoseconds = struct.unpack("qq", extras[0][2][:16])
        packets.append(Packet(seconds + nanoseconds / 1e9, loudness(data) < LOUD_DBOV))


def loudness(packet: bytes) -> int:
    """Return dB below full scale of an RTP packet; 127 if it does not say."""
    if not packet[0] & 0x10:
        return 127
    start = 12 + 4 * (packet[0] & 15)
    n_bytes = 4 * struct.unpack_from("!H", packet, start + 2)[0]
    place, end = start + 4, start + 4 + n_bytes
    while place < end:
        number, length = packet[place] >> 4, (packet[place] & 15) + 1
        if packet[place] == 0:
            place += 1
            continue
        if number == 1:  # as libwebrtc offers it
            return packet[place + 1] & 127
        place += 1 + length
    return 127


@contextmanager
def relayed(answer: str) -> Iterator[tuple[Relay, str]]:
    """Yield a relay, and the answer with no other candidate than it."""
    lines = answer.splitlines()
    ours = [line for line in lines if line.startswith("a=candidate") and " 127.0.0.1 " in line]
    kept = next(line for line in ours if " udp " in line)
    port = kept.split()[5]
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sock.bind(("127.0.0.1", 0))
        relay = Relay(("127.0.0.1", int(port)))
        loop.add_reader(sock, relay.take, sock)
        mine = f" {sock.getsockname()[1]} typ"
        shown = [line for line in lines if not line.startswith("a=candidate") or line == kept]
        try:
            yield relay, "\r\n".join(shown).replace(f" {port} typ", mine) + "\r\n"
        finally:
            loop.remove_reader(sock)
