"""A proxy between a client and a server that cuts connections, in the middle of frames too."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CHUNK_BYTES = 16 * 1024
UP_BYTES = (200, 6_000)
DOWN_BYTES = (200, 30_000)
HALF_OPEN = 0.3
"""So often the server is not told of the cut."""


@dataclass
class CuttingProxy:
    """Lets a random number of bytes pass in each direction of a connection, then cuts it."""

    host: str
    port: int
    chance: random.Random
    is_cutting: bool = False
    n_cuts: int = 0
    _live: list[asyncio.StreamWriter] = field(default_factory=list)
    """Towards the client and the server, of the connection at hand."""
    _half_open: list[asyncio.StreamWriter] = field(default_factory=list)

    def cut(self) -> None:
        """Cut what is connected now, if anything is."""
        if not self._live:
            return
        self.n_cuts += 1
        to_client, to_server = self._live
        self._live = []
        to_client.transport.abort()
        if self.chance.random() < HALF_OPEN:
            self._half_open.append(to_server)
        else:
            to_server.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection."""
        from_server, to_server = await asyncio.open_connection(self.host, self.port)
        self._live = [writer, to_server]
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._forward(reader, to_server, UP_BYTES))
                tasks.create_task(self._forward(from_server, writer, DOWN_BYTES))
        finally:
            if to_server in self._live:
                self._live = []
            writer.transport.abort()
            if to_server not in self._half_open:
                to_server.transport.abort()

    async def _forward(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, limits: tuple[int, int]
    ) -> None:
        left = self.chance.randint(*limits) if self.is_cutting else None
        with suppress(ConnectionError):
            while data := await source.read(CHUNK_BYTES):
                passed = data if left is None else data[:left]
                sink.write(passed)
                await sink.drain()
                if left is not None:
                    left -= len(passed)
                    if left == 0:
                        if sink in self._live:
                            self.cut()
                        return
        if sink in self._live:
            sink.transport.abort()

    def close(self) -> None:
        """Let go of what the server was not told of."""
        for writer in self._half_open:
            writer.transport.abort()


@asynccontextmanager
async def cutting_proxy(
    host: str, port: int, chance: random.Random
) -> AsyncIterator[tuple[str, CuttingProxy]]:
    """Run a proxy in front of a server; yield its base URL."""
    proxy = CuttingProxy(host, port, chance)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    try:
        address = server.sockets[0].getsockname()
        yield f"http://{address[0]}:{address[1]}/v1", proxy
    finally:
        proxy.close()
        server.close()
        await server.wait_closed()
