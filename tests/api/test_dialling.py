"""Calls that the server makes: to a telephone of the test's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.api.office import Office, opened_office
from tests.api.server import Event
from vivavoce.clock import Clock
from vivavoce.runtime.pacer import Pacer
from vivavoce.transports.rtp.dtmf import DigitEvent
from vivavoce.transports.rtp.session import RtpEndpoint
from vivavoce.transports.rtp.settings import RtpSettings
from vivavoce.transports.sip.incoming import IncomingCall
from vivavoce.transports.sip.server import SipServer
from vivavoce.transports.sip.settings import SipSettings, SipTrunk

SILENCE = bytes(960)
SESSION = {"type": "realtime"}
TARGET = "tel:+15550100"
GREET: Event = {"type": "response.create", "response": {"instructions": "the capital of France"}}


@dataclass
class Desk:
    """A telephone that rings until the test says what it does."""

    address: str = ""
    calls: asyncio.Queue[IncomingCall] = field(default_factory=asyncio.Queue)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    heard: bytearray = field(default_factory=bytearray)

    def on_heard(self, sound: bytes) -> None:
        self.heard += sound

    def on_digit(self, event: DigitEvent) -> None:
        """Nobody presses a key."""

    def on_media_lost(self, reason: str) -> None:
        raise AssertionError(reason)


@asynccontextmanager
async def ringing_desk() -> AsyncIterator[Desk]:
    desk, pacer, clock = Desk(), Pacer(), Clock()
    rtp = RtpEndpoint(RtpSettings(first_port=34_000, last_port=34_400, srtp="off"), clock)

    async def on_call(leg: IncomingCall) -> None:
        media = await rtp.open(desk, "127.0.0.1")
        try:
            leg.ring()
            desk.calls.put_nowait(leg)
            await desk.may_answer.wait()
            if leg.state == "ringing":
                leg.accept(media.answer(leg.caller.offer or ""))
            with pacer.paced(media.hear, lambda: media.play(SILENCE)):
                async for _ in leg.events():
                    pass
        finally:
            media.close()

    settings = SipSettings(udp_port=0, tcp_port=None)
    async with SipServer(settings, clock, on_call) as server:
        desk.address = "{}:{}".format(*server.listening["udp"])
        yield desk


async def ordered(office: Office, **changes: object) -> tuple[int, dict[str, Any], str]:
    body = {"target_uri": TARGET, "session": SESSION, **changes}
    url = f"{office.server.url}/v1/realtime/calls"
    answer = await office.server.http.post(url, json=body)
    return answer.status, await answer.json(), answer.headers.get("Location", "")


async def test_a_call_is_made_answered_and_hung_up() -> None:
    async with ringing_desk() as desk:
        trunks = {"office": SipTrunk(address=desk.address, caller="100")}
        async with opened_office(trunks=trunks) as office:
            status, made, location = await ordered(
                office, sip_headers=[{"name": "X-Ticket", "value": "7"}]
            )
            call_id = made["call_id"]
            assert (status, location) == (201, f"/v1/realtime/calls/{call_id}")
            async with office.server.socket(f"call_id={call_id}&extensions=1") as sideband:
                await sideband.send(GREET)  # made while it rings, played when it is answered
                leg = await desk.calls.get()
                await sideband.received("response.done")
                silent = not np.frombuffer(bytes(desk.heard), "<i2").any()
                desk.may_answer.set()
                answered = await sideband.received("vivavoce.call.progress")
                await sideband.received("output_audio_buffer.stopped")
                assert await office.ask(call_id, "hangup") == (200, {})
                assert (await sideband.closed())[0] == 1000
            await office.receiver.received(1)

    headers = {line.name: line.value for line in leg.caller.headers}
    assert leg.caller.uri.startswith("sip:+15550100@127.0.0.1")
    assert "sip:100@" in headers["From"]
    assert headers["X-Ticket"] == "7"
    assert silent
    assert (answered["state"], answered["status"]) == ("answered", 200)
    assert np.abs(np.frombuffer(bytes(desk.heard), "<i2").astype(int)).max() > 1_000
    assert msgspec.json.decode(office.receiver.bodies[0])["data"]["ended_by"] == "hangup"


async def test_a_call_that_is_refused_ends_its_session() -> None:
    async with ringing_desk() as desk:
        trunks = {"office": SipTrunk(address=desk.address)}
        async with opened_office(trunks=trunks) as office:
            _, made, _ = await ordered(office, target_uri="sip:desk@example.com")
            query = f"call_id={made['call_id']}&extensions=1"
            async with office.server.socket(query) as sideband:
                await sideband.received("session.created")
                leg = await desk.calls.get()
                leg.reject(486)
                desk.may_answer.set()
                while (told := await sideband.received("vivavoce.call.progress"))[
                    "state"
                ] == "ringing":
                    pass
                assert (await sideband.closed())[0] == 1000
            await office.receiver.received(1)

    assert leg.caller.uri == "sip:desk@example.com"
    assert (told["state"], told["status"]) == ("refused", 486)
    ended = msgspec.json.decode(office.receiver.bodies[0])["data"]
    assert (ended["call_id"], ended["ended_by"]) == (made["call_id"], "refused")


async def test_a_call_that_rings_can_be_given_up_and_not_accepted() -> None:
    async with ringing_desk() as desk:
        async with opened_office(trunks={"office": SipTrunk(address=desk.address)}) as office:
            _, made, _ = await ordered(office)
            leg = await desk.calls.get()
            accepted, _ = await office.ask(made["call_id"], "accept", SESSION)
            hung_up, _ = await office.ask(made["call_id"], "hangup")
            await office.receiver.received(1)
        desk.may_answer.set()

    assert (accepted, hung_up) == (409, 200)
    assert leg.state == "over"


@pytest.mark.parametrize(
    ("changes", "status", "param"),
    [
        ({"target_uri": "https://example.com"}, 400, "target_uri"),
        ({"trunk": "nowhere"}, 400, "trunk"),
        ({"session": {"type": "transcription"}}, 400, "type"),
        ({"session": {"type": "realtime", "model": "gpt-2"}}, 404, "model"),
        ({"sip_headers": [{"name": "From", "value": "x"}]}, 502, None),
        ({"sip_headers": [{"name": "X-A\r\nB", "value": "x"}]}, 502, None),
        ({"colour": "red"}, 400, "colour"),
    ],
)
async def test_a_call_that_cannot_be_made_is_refused(
    changes: dict[str, object], status: int, param: str | None
) -> None:
    async with opened_office(trunks={"office": SipTrunk(address="127.0.0.1:9")}) as office:
        answered, body, _ = await ordered(office, **changes)

    assert (answered, body["error"]["param"]) == (status, param)
    assert len(office.server.gateway.directory) == 0


async def test_of_several_trunks_one_must_be_named() -> None:
    trunks = {name: SipTrunk(address="127.0.0.1:9") for name in ("a", "b")}
    async with opened_office(trunks=trunks) as office:
        answered, body, _ = await ordered(office)

    assert answered == 400
    assert "a, b" in body["error"]["message"]


async def test_without_a_trunk_calls_are_offers() -> None:
    async with opened_office() as office:
        answered, _, _ = await ordered(office)

    assert answered == 415
