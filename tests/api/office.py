"""A server with a telephone and an application's webhook endpoint, all on real ports."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from openai import OpenAI
from openai.types.webhooks import RealtimeCallIncomingWebhookEvent

from tests.api.server import Served, served
from tests.api.webhook_receiver import SECRET, Receiver, receiving
from vivavoce.api.dialling import Dialler
from vivavoce.api.telephone import AutoAnswer, Telephone
from vivavoce.api.webhooks import Webhooks, wait_before_retry_s
from vivavoce.core.options import SessionOptions
from vivavoce.ids import counting_ids
from vivavoce.runtime.webhook_endpoint import Endpoint, signing_key
from vivavoce.testing.scripted import open_scripted_engines
from vivavoce.transports.rtp.session import RtpEndpoint
from vivavoce.transports.rtp.settings import RtpSettings
from vivavoce.transports.sip.server import SipServer
from vivavoce.transports.sip.settings import SipSettings, SipTrunk

SCRIPT = Path(__file__).parents[1] / "clients" / "script.toml"


@dataclass
class Office:
    """What a test calls, and what it answers with."""

    server: Served
    receiver: Receiver
    uri: str
    headers: dict[str, str] = field(default_factory=dict)
    """With every request."""

    async def incoming(self, number: int = 1) -> RealtimeCallIncomingWebhookEvent:
        """Wait for the n-th webhook that came; it is signed and tells of a call."""
        await self.receiver.received(number)
        client = OpenAI(api_key="any", webhook_secret=SECRET)
        last = self.receiver.bodies[number - 1], self.receiver.headers[number - 1]
        event = client.webhooks.unwrap(*last)
        assert isinstance(event, RealtimeCallIncomingWebhookEvent)
        return event

    async def ask(
        self, call_id: str, what: str, body: object = None, *, key: str = "any"
    ) -> tuple[int, dict[str, Any]]:
        """Return status and error of a request; no error for an empty answer."""
        url = f"{self.server.url}/v1/realtime/calls/{call_id}/{what}"
        headers = {"Authorization": f"Bearer {key}"}
        answer = await self.server.http.post(url, json=body, headers=headers)
        text = await answer.read()
        return answer.status, msgspec.json.decode(text)["error"] if text else {}

    async def accepted(self, **session: object) -> str:
        """Accept the next call; return its id."""
        call_id = (await self.incoming()).data.call_id
        answer = await self.ask(call_id, "accept", {"type": "realtime", **session})
        assert answer == (200, {})
        return call_id


@asynccontextmanager
async def opened_office(
    *,
    keys: tuple[str, ...] = (),
    auto_answer: AutoAnswer | None = None,
    options: SessionOptions | None = None,
    answer_within_s: float = 30.0,
    webhook_statuses: tuple[int, ...] = (),
    wait_s: Callable[[int], float] = wait_before_retry_s,
    trunks: Mapping[str, SipTrunk] | None = None,
) -> AsyncIterator[Office]:
    """Open one until the block is left. Its engines are those of the clients' script."""
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(receiving(*webhook_statuses))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        engines = await stack.enter_async_context(open_scripted_engines(SCRIPT))
        server = await stack.enter_async_context(served(keys=keys))
        gateway = server.gateway
        gateway.engines = engines
        gateway.options = options or SessionOptions()
        endpoint = Endpoint(
            url=receiver.url,
            key=signing_key(SECRET),
            events=("realtime.call.incoming", "vivavoce.call.ended"),
        )
        webhooks = Webhooks(
            [endpoint],
            http,
            gateway.database,
            gateway.clock,
            gateway.background,
            counting_ids(),
            wait_s,
        )
        rtp = RtpEndpoint(RtpSettings(first_port=32_000, last_port=32_400), gateway.clock)
        telephone = Telephone(gateway, rtp, webhooks, auto_answer)
        settings = SipSettings(
            udp_port=0, tcp_port=None, answer_within_s=answer_within_s, trunks=trunks or {}
        )
        sip = await stack.enter_async_context(SipServer(settings, gateway.clock, telephone.on_call))
        if trunks:
            gateway.telephone_calls.dial = Dialler(gateway, telephone, rtp, sip, trunks).dial
        host, port = sip.listening["udp"]
        yield Office(server, receiver, f"sip:service@{host}:{port}")
