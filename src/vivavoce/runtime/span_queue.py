"""Traces on their way out of the event loop: to the store, or to a collector."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from vivavoce.records import Span, Trace

LOG = logging.getLogger(__name__)

MAX_WAITING = 10_000
"""Records of a few hundred bytes: some MB where the other side is away or slow."""
BATCH = 512
DELIVER_EVERY_S = 2.0

TraceRecord = Trace | Span
Deliver = Callable[[Sequence[TraceRecord]], Awaitable[None]]
"""Raises OSError if the records can't be delivered."""


class SpanQueue:
    """Putting never waits; what finds no room is dropped, and said so once for each delivery."""

    def __init__(self, name: str, deliver: Deliver, every_s: float = DELIVER_EVERY_S) -> None:
        """Start empty.

        Args:
            name: of the other side, for logs.
            deliver: takes a batch, in the order of putting.
            every_s: how often `deliver_regularly` does.
        """
        self._name = name
        self._every_s = every_s
        self._deliver = deliver
        self._waiting: deque[TraceRecord] = deque()
        self._n_dropped = 0
        self._delivering = asyncio.Lock()

    def put(self, record: TraceRecord) -> None:
        """Add a record at the end, if there is room."""
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(record)
        else:
            self._n_dropped += 1

    async def deliver(self) -> None:
        """Deliver all that waits now; what the other side does not take is dropped."""
        async with self._delivering:
            for _ in range(-(-len(self._waiting) // BATCH)):
                n_taken = min(BATCH, len(self._waiting))
                batch = [self._waiting.popleft() for _ in range(n_taken)]
                try:
                    await self._deliver(batch)
                except OSError as error:
                    LOG.warning("%d trace records are lost to %s: %s", n_taken, self._name, error)
            if self._n_dropped:
                message = "%d trace records found no room on their way to %s"
                LOG.warning(message, self._n_dropped, self._name)
                self._n_dropped = 0

    async def deliver_regularly(self) -> None:
        """Deliver every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.deliver()
