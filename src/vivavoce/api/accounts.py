"""What belongs to a key, across its sessions: limits, usage, traces."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager

from vivavoce.clock import Clock
from vivavoce.ids import NewId
from vivavoce.protocol.dialect import Dialect
from vivavoce.runtime.limits import KeyLimiter, Limits
from vivavoce.runtime.observer import Observer
from vivavoce.runtime.response_limits import ResponseLimits
from vivavoce.runtime.span_queue import SpanQueue, TraceRecord
from vivavoce.runtime.tracing import SessionTrace
from vivavoce.runtime.usage_ledger import UsageLedger

LOG = logging.getLogger(__name__)

EVERYBODY = "anonymous"
"""The one account of a server without keys, whatever its clients show."""
LAST_DELIVERY_S = 2.0
"""For traces that wait when the server ends: the collector may be gone."""


class Account:
    """One key of the operator's, with the ephemeral keys that it minted."""

    def __init__(self, name: str, limiter: KeyLimiter, accounts: "Accounts") -> None:
        self.name = name
        """As the operator calls the key, or a hashed id."""
        self._limiter = limiter
        self._accounts = accounts

    @property
    def has_room(self) -> bool:
        """Whether one more session may begin."""
        return self._limiter.has_room

    def place(self) -> AbstractContextManager[None]:
        """Hold a place for a session from before its handshake; ask `has_room` first."""
        return self._limiter.place()

    def response_limits(self, new_id: NewId, dialect: Dialect = "ga") -> ResponseLimits:
        """Return the limits on the responses of one session, as its runner takes them."""
        return ResponseLimits(self._limiter, new_id, dialect)

    def observers(self, session_id: str, model: str) -> list[Observer]:
        """Return those who write down what a session uses, and its trace."""
        return self._accounts.observers(self.name, session_id, model)


class Accounts:
    """The accounts of a server, and what is written down of them."""

    def __init__(
        self,
        clock: Clock,
        *,
        limits: Limits,
        ledger: UsageLedger,
        traces: SpanQueue,
        exported_traces: SpanQueue | None = None,
        traces_always: bool = False,
        names: Mapping[str, str] | None = None,
        has_keys: bool = False,
    ) -> None:
        """Begin with what is given.

        Args:
            clock: of the server.
            limits: of every key.
            ledger: takes down usage.
            traces: to where they are kept.
            exported_traces: to where they go besides; None: nowhere.
            traces_always: whether sessions are traced whose clients do not ask for it.
            names: of the keys that have one, by key id.
            has_keys: whether the operator has any; without, all clients are one account.
        """
        self._clock = clock
        self._limits = limits
        self._ledger = ledger
        self._traces = traces
        self._trace_queues = [traces] if exported_traces is None else [traces, exported_traces]
        self._traces_always = traces_always
        self._names = names or {}
        self._has_keys = has_keys

    def of(self, key_id: str) -> Account:
        """Return the account of an admitted key."""
        name = self._names.get(key_id, key_id) if self._has_keys else EVERYBODY
        return Account(name, self._limits.of(name), self)

    def observers(self, name: str, session_id: str, model: str) -> list[Observer]:
        """See `Account.observers`."""
        now = self._clock.now()
        trace = SessionTrace(
            session_id,
            name,
            model,
            started=now,
            wall_ms_at_zero=self._clock.wall_ms() - now * 1000,
            put=self._put,
            always=self._traces_always,
        )
        return [self._ledger.of_session(name, model), trace]

    async def write(self) -> None:
        """Write down what waits, so that it can be read."""
        await self._ledger.write()
        await self._traces.deliver()

    async def write_regularly(self) -> None:
        """Write down what waits every few seconds, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ledger.write_regularly(), name="usage")
            for queue in self._trace_queues:
                tasks.create_task(queue.deliver_regularly(), name="traces")

    async def close(self) -> None:
        """Write down the last; for after the last session."""
        await self._ledger.write()
        for queue in self._trace_queues:
            try:
                async with asyncio.timeout(LAST_DELIVERY_S):
                    await queue.deliver()
            except TimeoutError:
                LOG.warning("the last traces are not delivered")

    def _put(self, record: TraceRecord) -> None:
        for queue in self._trace_queues:
            queue.put(record)
