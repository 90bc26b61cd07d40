"""Limits, usage and traces of a server, from its configuration and in its store."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from vivavoce.api.accounts import Accounts
from vivavoce.api.auth import key_id_of
from vivavoce.clock import Clock
from vivavoce.config import Loaded
from vivavoce.config_tables import LimitsConfig, OwnLimitsConfig, TracingConfig
from vivavoce.errors import ConfigError
from vivavoce.records import Span, Trace, UsageRecord
from vivavoce.runtime.limits import KeyLimits, Limits
from vivavoce.runtime.otlp import open_otlp_exporter
from vivavoce.runtime.span_queue import SpanQueue
from vivavoce.runtime.usage_ledger import UsageLedger
from vivavoce.store.database import Database
from vivavoce.store.traces import forget_traces, keep_traces
from vivavoce.store.usage import add_usage

MS_PER_DAY = 24 * 3600 * 1000
FORGET_EVERY_MS = 60_000
"""Looking for traces that are too old or too many takes some milliseconds of the store's thread."""


@asynccontextmanager
async def open_accounts(
    loaded: Loaded, clock: Clock, database: Database
) -> AsyncIterator[Accounts]:
    """Open the accounts of a server; what waits is written when the block is left.

    Somebody must run `Accounts.write_regularly` meanwhile.

    Raises:
        ConfigError: limits are set for a key that does not exist.
    """
    config = loaded.config
    limits = limits_of(config.limits, clock, frozenset(loaded.key_names.values()))
    async with AsyncExitStack() as stack:
        exported = None
        if config.tracing.otlp.endpoint is not None:
            otlp = config.tracing.otlp
            opening = open_otlp_exporter(config.tracing.otlp.endpoint, otlp.headers)
            exported = SpanQueue(
                "the collector", (await stack.enter_async_context(opening)).deliver
            )
        store = _TraceStore(database, clock, config.tracing)
        await store.deliver(())  # what has become too old meanwhile is forgotten
        accounts = Accounts(
            clock,
            limits=limits,
            ledger=UsageLedger(clock, _UsageStore(database).write),
            traces=SpanQueue("the store", store.deliver),
            exported_traces=exported,
            traces_always=config.tracing.always,
            names={key_id_of(key): name for key, name in loaded.key_names.items()},
            has_keys=bool(loaded.api_keys),
        )
        stack.push_async_callback(accounts.close)
        yield accounts


def limits_of(config: LimitsConfig, clock: Clock, key_names: frozenset[str]) -> Limits:
    """Return the limits of every key.

    Raises:
        ConfigError: there is no key of a name that has limits of its own.
    """
    for name in config.keys:
        if name not in key_names:
            known = ", ".join(sorted(key_names)) or "none"
            raise ConfigError(f"no key has this name (known: {known})", path=f"limits.keys.{name}")
    own = {name: _key_limits(config, limits) for name, limits in config.keys.items()}
    return Limits(clock, _key_limits(config), own)


class _UsageStore:
    """Writes usage down."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, records: Sequence[UsageRecord]) -> None:
        try:
            await self._database.run(partial(add_usage, records=records))
        except sqlite3.Error as error:
            raise OSError(str(error)) from error


class _TraceStore:
    """Keeps traces, and forgets the oldest."""

    def __init__(self, database: Database, clock: Clock, config: TracingConfig) -> None:
        self._database = database
        self._clock = clock
        self._config = config
        self._forgot_at_ms = 0.0

    async def deliver(self, records: Sequence[Trace | Span]) -> None:
        now_ms = self._clock.wall_ms()
        try:
            await self._database.run(partial(keep_traces, records=records))
            if now_ms - self._forgot_at_ms >= FORGET_EVERY_MS:
                self._forgot_at_ms = now_ms
                before_ms = now_ms - self._config.keep_days * MS_PER_DAY
                forget = partial(
                    forget_traces, before_ms=before_ms, max_spans=self._config.max_spans
                )
                await self._database.run(forget)
        except sqlite3.Error as error:
            raise OSError(str(error)) from error


def _key_limits(config: LimitsConfig, own: OwnLimitsConfig | None = None) -> KeyLimits:
    own = own or OwnLimitsConfig()
    limits = {
        name: getattr(config, name) if getattr(own, name) is None else getattr(own, name)
        for name in KeyLimits.__struct_fields__
    }
    return KeyLimits(**{name: None if at == "none" else at for name, at in limits.items()})
