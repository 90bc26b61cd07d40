"""Both ends of a connection without a network: a `Transport` and a client for tests."""

import asyncio
from typing import TypeVar

from vivavoce.errors import TransportClosed
from vivavoce.interfaces import Received
from vivavoce.protocol.server_events import ServerEvent

E = TypeVar("E", bound=ServerEvent)


def memory_pair() -> tuple["MemoryTransport", "MemoryClient"]:
    """Return the two ends of a fresh connection."""
    client = MemoryClient()
    return MemoryTransport(client), client


class MemoryClient:
    """What a test does as the client, and what it got."""

    def __init__(self) -> None:
        self.events: list[ServerEvent] = []
        """All that was sent to it and that it read."""
        self.close_code: int | None = None
        """How the server closed; None while it has not."""
        self.close_reason = ""
        self._sent: asyncio.Queue[Received | TransportClosed | None] = asyncio.Queue()
        self._reads = asyncio.Event()
        self._reads.set()
        self._changed = asyncio.Condition()
        self._n_looked_at = 0
        self._is_gone = False

    def send(self, event: Received) -> None:
        """Send one event."""
        self._sent.put_nowait(event)

    def leave(self) -> None:
        """Say goodbye, and be gone."""
        self._is_gone = True
        self._reads.set()
        self._sent.put_nowait(None)

    def vanish(self) -> None:
        """Be gone without a goodbye; what was sent before still arrives."""
        self._is_gone = True
        self._reads.set()
        self._sent.put_nowait(TransportClosed())

    def stop_reading(self) -> None:
        """Let the server's `send` wait from now on."""
        self._reads.clear()

    def read_on(self) -> None:
        """Take what is sent again."""
        self._reads.set()

    async def received(self, kind: type[E]) -> E:
        """Wait for the next event of a kind; those before it are skipped for good."""
        while True:
            while self._n_looked_at < len(self.events):
                event = self.events[self._n_looked_at]
                self._n_looked_at += 1
                if isinstance(event, kind):
                    return event
            async with self._changed:
                await self._changed.wait_for(lambda: self._n_looked_at < len(self.events))

    async def closed(self) -> int:
        """Wait for the server to close; return the code."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.close_code is not None)
        assert self.close_code is not None
        return self.close_code


class MemoryTransport:
    """The server's end; made by `memory_pair`."""

    def __init__(self, client: MemoryClient) -> None:
        self._client = client

    async def receive(self) -> Received | None:
        """See `Transport`."""
        event = await self._client._sent.get()
        if isinstance(event, TransportClosed):
            raise event
        return event

    async def send(self, event: ServerEvent) -> None:
        """See `Transport`."""
        await self._client._reads.wait()
        if self._client._is_gone or self._client.close_code is not None:
            raise TransportClosed
        async with self._client._changed:
            self._client.events.append(event)
            self._client._changed.notify_all()

    async def close(self, code: int, reason: str) -> None:
        """See `Transport`."""
        async with self._client._changed:
            if self._client.close_code is None:
                self._client.close_code, self._client.close_reason = code, reason
            self._client._changed.notify_all()
        self._client._sent.put_nowait(None)

    @property
    def unsent_bytes(self) -> int:
        """See `Transport`."""
        return 0
