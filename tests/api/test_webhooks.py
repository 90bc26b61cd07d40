"""Webhooks over real sockets: signed, tried again, given up, kept across a restart."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from openai import OpenAI
from openai.types.webhooks import RealtimeCallIncomingWebhookEvent

from tests.api.webhook_receiver import SECRET, receiving
from tests.sdk_types import parse_strictly
from vivavoce.api.webhooks import GIVE_UP_AFTER_S, Webhooks, wait_before_retry_s
from vivavoce.clock import Clock
from vivavoce.ids import counting_ids
from vivavoce.protocol.webhooks import (
    EndedCallData,
    EventType,
    IncomingCallData,
    RealtimeCallIncoming,
    SipHeader,
    VivavoceCallEnded,
    WebhookEvent,
)
from vivavoce.runtime.background import Background
from vivavoce.runtime.webhook_endpoint import Endpoint, signing_key
from vivavoce.store.database import IN_MEMORY, Database, open_database
from vivavoce.store.tables import SCHEMAS
from vivavoce.store.webhooks import Delivery, list_deliveries

INCOMING = RealtimeCallIncoming(
    id="evt_1",
    created_at=1_700_000_000,
    data=IncomingCallData(
        call_id="rtc_1",
        sip_headers=(SipHeader(name="To", value="b"), SipHeader(name="From", value="a")),
        sip_media_security="rtp",
    ),
)
ENDED = VivavoceCallEnded(
    id="evt_2",
    created_at=1_700_000_000,
    data=EndedCallData(call_id="rtc_1", session_id=None, ended_by="caller", duration_s=0.0),
)
BOTH: tuple[EventType, ...] = ("realtime.call.incoming", "vivavoce.call.ended")


class TwoHoursLater(Clock):
    """By which all retries are due."""

    def wall(self) -> int:
        return super().wall() + 7200


def an_hour(attempts: int) -> float:
    return 3600.0


def endpoint(url: str, events: tuple[EventType, ...] = BOTH) -> Endpoint:
    return Endpoint(url=url, key=signing_key(SECRET), events=events)


@asynccontextmanager
async def opened(
    *endpoints: Endpoint,
    database: Database,
    wait_s: Callable[[int], float] = lambda attempts: 0.0,
    clock: Clock | None = None,
) -> AsyncIterator[Webhooks]:
    async with aiohttp.ClientSession() as http, Background() as background:
        webhooks = Webhooks(
            endpoints, http, database, clock or Clock(), background, counting_ids(), wait_s
        )
        await webhooks.resume()
        yield webhooks


async def settled(database: Database) -> Sequence[Delivery]:
    """Wait until nothing waits to be delivered."""
    async with asyncio.timeout(10):
        while True:
            kept = await database.run(partial(list_deliveries, limit=100))
            if all(one.state != "waiting" for one in kept):
                return kept


@asynccontextmanager
async def store() -> AsyncIterator[Database]:
    async with open_database(IN_MEMORY, SCHEMAS) as database:
        yield database


async def test_the_official_client_accepts_the_signature_and_knows_the_event() -> None:
    async with (
        receiving() as receiver,
        store() as database,
        opened(endpoint(receiver.url), database=database) as webhooks,
    ):
        await webhooks.announce(INCOMING)
        await receiver.received(1)
        await settled(database)

    client = OpenAI(api_key="any", webhook_secret=SECRET)
    event = client.webhooks.unwrap(receiver.bodies[0], receiver.headers[0])
    assert isinstance(event, RealtimeCallIncomingWebhookEvent)
    parse_strictly(RealtimeCallIncomingWebhookEvent, event.to_dict())
    assert [header.name for header in event.data.sip_headers] == ["To", "From"]
    assert receiver.headers[0]["Content-Type"] == "application/json"
    assert receiver.headers[0]["webhook-id"] == "wh_1"


async def test_a_secret_without_prefix_is_taken_as_it_stands() -> None:
    plain = Endpoint(url="", key=signing_key("plain secret"), events=BOTH)
    async with receiving() as receiver, store() as database:
        there = Endpoint(url=receiver.url, key=plain.key, events=plain.events)
        async with opened(there, database=database) as webhooks:
            await webhooks.announce(INCOMING)
            await receiver.received(1)

    client = OpenAI(api_key="any", webhook_secret="plain secret")
    assert client.webhooks.unwrap(receiver.bodies[0], receiver.headers[0]).id == "evt_1"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%"])
def test_an_unusable_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r"secret|base64"):
        signing_key(secret)


async def test_whatever_is_no_success_is_tried_again_under_the_same_id() -> None:
    async with (
        receiving(500, 302, 404) as receiver,
        store() as database,
        opened(endpoint(receiver.url), database=database) as webhooks,
    ):
        await webhooks.announce(INCOMING)
        await receiver.received(4)
        (kept,) = await settled(database)

    assert {headers["webhook-id"] for headers in receiver.headers} == {"wh_1"}
    assert len(set(receiver.bodies)) == 1
    assert (kept.state, kept.attempts, kept.outcome) == ("delivered", 4, "status 204")


async def test_each_endpoint_is_told_what_it_asks_for() -> None:
    async with receiving() as first, receiving() as second, store() as database:
        one = endpoint(first.url, ("realtime.call.incoming",))
        async with opened(one, endpoint(second.url), database=database) as webhooks:
            await webhooks.announce(INCOMING)
            await webhooks.announce(ENDED)
            kept = await settled(database)

    assert (len(first.bodies), len(second.bodies)) == (1, 2)
    assert len({delivery.webhook_id for delivery in kept}) == 3


async def test_nothing_is_told_of_a_call_that_is_over() -> None:
    async with (
        receiving(500) as receiver,
        store() as database,
        opened(endpoint(receiver.url), database=database, wait_s=an_hour) as webhooks,
    ):
        await webhooks.announce(INCOMING, pointless_after="rtc_1")
        await receiver.received(1)
        webhooks.end_call("rtc_1")
        (kept,) = await settled(database)

    assert (kept.state, kept.attempts) == ("pointless", 1)
    assert len(receiver.bodies) == 1


async def test_an_endpoint_that_is_away_for_72_hours_is_given_up() -> None:
    class Later(Clock):
        wall_s = 0

        def wall(self) -> int:
            self.wall_s += GIVE_UP_AFTER_S // 4
            return self.wall_s

    async with store() as database:
        nobody = endpoint("http://127.0.0.1:9/")
        async with opened(nobody, database=database, clock=Later()) as webhooks:
            await webhooks.announce(ENDED)
            (kept,) = await settled(database)

    assert kept.state == "failed"
    assert "127.0.0.1:9" in kept.outcome


@pytest.mark.parametrize(
    ("event", "of_call", "state"), [(ENDED, None, "delivered"), (INCOMING, "rtc_1", "pointless")]
)
async def test_after_a_restart_what_still_matters_is_delivered(
    tmp_path: Path, event: WebhookEvent, of_call: str | None, state: str
) -> None:
    async with receiving(500) as receiver:
        async with (
            open_database(tmp_path / "store.sqlite", SCHEMAS) as database,
            opened(endpoint(receiver.url), database=database, wait_s=an_hour) as webhooks,
        ):
            await webhooks.announce(event, pointless_after=of_call)
            await receiver.received(1)
        async with (
            open_database(tmp_path / "store.sqlite", SCHEMAS) as database,
            opened(endpoint(receiver.url), database=database, clock=TwoHoursLater()),
        ):
            (kept,) = await settled(database)

    assert kept.state == state


def test_retries_come_soon_at_first_and_every_hour_in_the_end() -> None:
    waits = [wait_before_retry_s(attempts) for attempts in (1, 2, 3, 12, 13, 500)]

    assert waits == [1, 2, 4, 2048, 3600, 3600]
