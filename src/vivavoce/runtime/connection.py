"""One client connection of a session: what it sends is taken in, what it is told waits for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from vivavoce.core.inputs import SidebandOpened
from vivavoce.core.outputs import Close
from vivavoce.errors import TransportClosed
from vivavoce.interfaces import PRIMARY, Transport
from vivavoce.interfaces import Received as ReceivedByTransport
from vivavoce.runtime.outbox import Outbox, Waiting

LOG = logging.getLogger(__name__)

NORMAL = Close(1000, "")
NOT_READING = Close(1008, "The client does not read.")
BUG = Close(1011, "The server had an error.")
SLOWEST_CLIENT_BYTES_PER_S = 16 * 1024
"""A large event may take this much longer to be sent; live sound needs four times as much."""
LAST_WORDS_S = 1.0
"""For what a peer sent before its end, its goodbye above all, once it cannot be written to."""

Received = ReceivedByTransport | SidebandOpened
Take = Callable[[Received, "Connection"], Awaitable[None]]
"""Takes one event in and counts it; waits while there is no room."""


class Connection:
    """Runs once: first `talk`, then `close`."""

    def __init__(
        self,
        transport: Transport,
        take: Take,
        client_stall_s: float,
        *,
        opened: SidebandOpened | None = None,
        extensions: bool = False,
        backlog: Iterable[Waiting] = (),
    ) -> None:
        """Prepare; nothing is read or written before `talk`.

        Args:
            transport: open.
            take: takes in what the client sends.
            client_stall_s: a client that takes nothing for this long is cut off.
            opened: what is taken in first, of a control connection.
            extensions: whether the client asked for `vivavoce.*` events.
            backlog: what it is to be sent first.
        """
        self.number = PRIMARY if opened is None else opened.connection
        self.extensions = extensions
        self.n_received = 0
        """Events that were taken in."""
        self.may_read = True
        """Whether `stop_reading` was not called yet."""
        self.close_with = NORMAL
        self.is_lost = False
        """Whether it ended without a goodbye, so that the client may come back."""
        self._transport = transport
        self._take = take
        self._opened = opened
        self._client_stall_s = client_stall_s
        self._outbox = Outbox(backlog)
        self._is_over = asyncio.Event()
        self._is_polite = True
        """Whether what waits is sent before the end."""
        self._reader: asyncio.Task[None] | None = None
        self._has_read_all = asyncio.Event()

    @property
    def unsent_bytes(self) -> int:
        """What waits for the client to read."""
        return self._outbox.size_bytes + self._transport.unsent_bytes

    def put(self, entry: Waiting) -> None:
        """Let an event be sent; a client that does not read is cut off."""
        if not self._outbox.put(entry) and not self._is_over.is_set():
            LOG.warning("the client does not read: %d bytes wait", self._outbox.size_bytes)
            self.cut_off(NOT_READING)

    async def wait_for_room(self) -> None:
        """Wait until the client has taken enough of what was sent before, or is gone."""
        await self._outbox.wait_for_room()

    def finish(self, close: Close) -> None:
        """End once all that waits is sent; nothing more is read."""
        if not self._is_over.is_set():
            self.close_with = close
            self._outbox.finish()
            self._is_over.set()

    def cut_off(self, close: Close) -> None:
        """End without sending what waits."""
        self.close_with = close
        self.is_lost = True
        self._leave()

    async def stop_reading(self) -> None:
        """Take in what has arrived and then nothing more; `n_received` is final afterwards."""
        if self._reader is not None:
            await asyncio.sleep(0)  # so that it sees what has arrived
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    while not self._has_read_all.is_set():
                        await self._has_read_all.wait()
        self.may_read = False
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])

    async def talk(self) -> None:
        """Read and write until the client is gone or an end was asked for."""
        try:
            async with asyncio.TaskGroup() as tasks:
                if self.may_read:
                    self._reader = tasks.create_task(self._read(), name="read")
                writer = tasks.create_task(self._write(), name="write")
                await self._is_over.wait()
                if self._reader is not None:
                    self._reader.cancel()
                if not self._is_polite:
                    writer.cancel()
        except ExceptionGroup:
            LOG.exception("a bug of ours ended a connection")
            self.close_with = BUG
            self._leave()

    async def close(self) -> None:
        """Say goodbye and free everything."""
        await self._transport.close(self.close_with.code, self.close_with.reason)

    def _leave(self) -> None:
        self._is_polite = False
        self._outbox.abandon()
        self._is_over.set()

    async def _read(self) -> None:
        if self._opened is not None:
            await self._take(self._opened, self)
        try:
            while (event := await self._receive()) is not None:
                await self._take(event, self)
        except TransportClosed:
            self.is_lost = True
        finally:
            self._has_read_all.set()
        self._leave()

    async def _receive(self) -> Received | None:
        self._has_read_all.set()  # and cleared again, unless there is nothing to receive
        event = await self._transport.receive()
        self._has_read_all.clear()
        return event

    async def _write(self) -> None:
        while (waiting := await self._outbox.get()) is not None:
            limit_s = self._client_stall_s + waiting.size_bytes / SLOWEST_CLIENT_BYTES_PER_S
            try:
                async with asyncio.timeout(limit_s):
                    await self._transport.send(waiting.event)
            except TransportClosed:
                await self._hear_last_words()
                return
            except TimeoutError:
                LOG.warning("the client took nothing for %.0f s", limit_s)
                self.cut_off(NOT_READING)
                return
            self._outbox.sent(waiting)

    async def _hear_last_words(self) -> None:
        """Let the reader find out how the client left."""
        self._outbox.abandon()
        if self._reader is not None:
            await asyncio.wait([self._reader], timeout=LAST_WORDS_S)
        if not self._is_over.is_set():
            self.is_lost = True
            self._leave()
