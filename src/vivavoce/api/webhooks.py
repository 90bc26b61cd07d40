"""Tells webhook endpoints what happens, as often as it takes (10-transports-auth, section 7.2).

Deliveries are kept in the store, and go on after a restart. Nothing here is waited for by a
session; at the end of the server, what is under way is broken off and waits for the next one.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

import aiohttp
import msgspec
from msgspec import structs

from vivavoce.clock import Clock
from vivavoce.ids import NewId
from vivavoce.protocol.webhooks import WebhookEvent
from vivavoce.runtime.background import Background
from vivavoce.runtime.webhook_endpoint import Endpoint, deliver_once
from vivavoce.store.database import Database
from vivavoce.store.webhooks import (
    Delivery,
    forget_deliveries,
    forgo_calls,
    keep_deliveries,
    waiting_deliveries,
)

LOG = logging.getLogger(__name__)

GIVE_UP_AFTER_S = 72 * 3600
KEEP_S = 7 * 24 * 3600
"""What was delivered can be looked at, and replayed, for a week."""
FIRST_WAIT_S = 1.0
"""A call rings for 30 s only: the first retries must be soon."""
LONGEST_WAIT_S = 3600.0
MAX_AT_ONCE = 16
"""Attempts under way for one endpoint."""


def wait_before_retry_s(attempts: int) -> float:
    """Return how long to wait after so many attempts: 1, 2, 4 seconds up to an hour."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempts - 1, 20))


class Webhooks:
    """Belongs to one server. Made by `open_webhooks`."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        http: aiohttp.ClientSession,
        database: Database,
        clock: Clock,
        background: Background,
        new_id: NewId,
        wait_s: Callable[[int], float] = wait_before_retry_s,
    ) -> None:
        """Prepare; call `resume` once `background` is entered.

        Args:
            endpoints: where to.
            http: open as long as `background` is.
            database: the store.
            clock: the server's.
            background: where deliveries are made.
            new_id: for events and deliveries.
            wait_s: how long to wait after so many attempts.
        """
        self._endpoints = {endpoint.url: endpoint for endpoint in endpoints}
        self._http = http
        self._database = database
        self._clock = clock
        self._background = background
        self._new_id = new_id
        self._wait_s = wait_s
        self._turns = {url: asyncio.Semaphore(MAX_AT_ONCE) for url in self._endpoints}
        self._calls: dict[str, asyncio.Event] = {}
        """Of each call that something waits for: whether it is over."""

    async def resume(self) -> None:
        """Go on with what an earlier run left behind; its calls are over."""
        now_s = self._clock.wall()
        await self._database.run(partial(forget_deliveries, before_s=now_s - KEEP_S))
        await self._database.run(forgo_calls)
        for delivery in await self._database.run(waiting_deliveries):
            self._start(delivery)

    async def announce(self, event: WebhookEvent, *, pointless_after: str | None = None) -> None:
        """Keep an event for all who want it and begin to deliver it; the answers are not awaited.

        Args:
            event: what happened.
            pointless_after: id of the call after whose end nobody needs to know; `end_call` must be
                called for it. None: it is tried for 72 hours.
        """
        event_type = str(type(event).__struct_config__.tag)
        now_s = self._clock.wall()
        body = msgspec.json.encode(event)
        deliveries = [
            Delivery(
                webhook_id=self._new_id("wh"),
                url=endpoint.url,
                event_type=event_type,
                body=body,
                created_at=now_s,
                call_id=pointless_after,
                next_at=now_s,
            )
            for endpoint in self._endpoints.values()
            if event_type in endpoint.events
        ]
        if not deliveries:
            return
        if pointless_after is not None:
            self._calls.setdefault(pointless_after, asyncio.Event())
        await self._keep(deliveries)
        for delivery in deliveries:
            self._start(delivery)

    def end_call(self, call_id: str) -> None:
        """Give up what waits for this call."""
        if (is_over := self._calls.pop(call_id, None)) is not None:
            is_over.set()

    def _start(self, delivery: Delivery) -> None:
        is_over = asyncio.Event()
        if delivery.call_id is not None:
            is_over = self._calls.get(delivery.call_id, is_over)
        name = f"webhook {delivery.webhook_id}"
        self._background.start(self._deliver(delivery, is_over), name=name)

    async def _deliver(self, delivery: Delivery, is_over: asyncio.Event) -> None:
        wait_s = max(0.0, delivery.next_at - self._clock.wall())
        while delivery.state == "waiting":
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await is_over.wait()
            if is_over.is_set():
                delivery = structs.replace(delivery, state="pointless")
            else:
                delivery = await self._tried(delivery)
                wait_s = self._wait_s(delivery.attempts)
            await self._keep([delivery])

    async def _keep(self, deliveries: Sequence[Delivery]) -> None:
        """Write down how things stand; a disk that is full keeps nobody from being told."""
        before_s = self._clock.wall() - KEEP_S
        try:
            await self._database.run(partial(keep_deliveries, deliveries=deliveries))
            await self._database.run(partial(forget_deliveries, before_s=before_s))
        except sqlite3.Error:
            LOG.exception("webhooks are not kept")

    async def _tried(self, delivery: Delivery) -> Delivery:
        endpoint = self._endpoints.get(delivery.url)
        if endpoint is None:
            return structs.replace(delivery, state="failed", outcome="no longer configured")
        async with self._turns[endpoint.url]:
            attempt = await deliver_once(
                self._http,
                endpoint,
                webhook_id=delivery.webhook_id,
                timestamp_s=self._clock.wall(),
                body=delivery.body,
            )
        attempts = delivery.attempts + 1
        tried = structs.replace(delivery, attempts=attempts, outcome=attempt.outcome)
        if attempt.is_delivered:
            return structs.replace(tried, state="delivered")
        next_at = self._clock.wall() + round(self._wait_s(attempts))
        if next_at > delivery.created_at + GIVE_UP_AFTER_S:
            LOG.warning("webhook %s given up: %s", delivery.webhook_id, attempt.outcome)
            return structs.replace(tried, state="failed")
        if attempts == 1:
            LOG.warning("webhook %s to be tried again: %s", delivery.webhook_id, attempt.outcome)
        return structs.replace(tried, next_at=next_at)


@asynccontextmanager
async def open_webhooks(
    endpoints: Sequence[Endpoint],
    database: Database,
    clock: Clock,
    background: Background,
    new_id: NewId,
) -> AsyncIterator[Webhooks]:
    """Open the way to the endpoints; the block must be left after that of `background`."""
    async with aiohttp.ClientSession() as http:
        yield Webhooks(endpoints, http, database, clock, background, new_id)
