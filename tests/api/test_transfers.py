"""What the caller's side does by itself: transfers, hold, offers that come late."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.office import Office, opened_office
from tests.api.server import Event, Socket
from tests.transports.sip.peer import ANSWER, OFFER, Peer
from vivavoce.transports.rtp.packets import parse_rtp

SPEAK: Event = {"type": "response.create", "response": {"instructions": "Tell a story."}}
TARGET = "sip:desk@127.0.0.1"


class Ear(asyncio.DatagramProtocol):
    """A media port that counts the packets with sound in them."""

    def __init__(self) -> None:
        self.n_loud = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        packet = parse_rtp(data)
        if packet is not None and packet.payload_type == 0:
            self.n_loud += any(byte & 0x7F < 0x60 for byte in packet.payload)


@dataclass
class Line:
    """An accepted call whose far side the test plays by hand."""

    office: Office
    peer: Peer
    call_id: str
    sideband: Socket
    ear: Ear
    offer: str


@asynccontextmanager
async def connected(*, offers: bool = True) -> AsyncIterator[Line]:
    ear = Ear()
    loop = asyncio.get_running_loop()
    port, _ = await loop.create_datagram_endpoint(lambda: ear, local_addr=("127.0.0.1", 0))
    media = str(port.get_extra_info("sockname")[1])
    try:
        async with opened_office() as office:
            host, number = office.uri.partition("@")[2].split(":")
            async with Peer((host, int(number))) as peer:
                offer = OFFER.replace("4000", media)
                peer.invite(sdp=offer if offers else None)
                call_id = await office.accepted()
                answer = await peer.response(200)
                if not offers:
                    assert b"m=audio" in answer.body
                peer.ack(answer, None if offers else ANSWER.replace("5000", media))
                query = f"call_id={call_id}&extensions=1"
                async with office.server.socket(query) as sideband:
                    await sideband.received("session.created")
                    yield Line(office, peer, call_id, sideband, ear, offer)
                bye = peer.make("BYE")
                peer.send(bye)
    finally:
        port.close()


async def asked_to_transfer(line: Line) -> None:
    assert await line.office.ask(line.call_id, "refer", {"target_uri": TARGET}) == (200, {})
    refer = await line.peer.request("REFER")
    assert refer.headers.get_first("Refer-To") == f"<{TARGET}>"
    line.peer.send(line.peer.reply(refer, 202))
    assert await outcome(line) == (202, "trying")


async def notify(line: Line, status: int, state: str = "active") -> None:
    peer = line.peer
    headers = {"Event": "refer", "Subscription-State": state, "Content-Type": "message/sipfrag"}
    request = peer.make("NOTIFY", headers=headers)
    request.body = f"SIP/2.0 {status} So be it".encode()
    peer.send(request)
    assert (await peer.response(method="NOTIFY")).status_code == 200


async def outcome(line: Line) -> tuple[object, object]:
    event = await line.sideband.received("vivavoce.call.transfer")
    assert (event["call_id"], event["target_uri"]) == (line.call_id, TARGET)
    return event["status"], event["outcome"]


async def test_a_transfer_that_succeeds_ends_the_call_here() -> None:
    async with connected() as line:
        await asked_to_transfer(line)
        await notify(line, 180)
        assert await outcome(line) == (180, "trying")
        await notify(line, 200, "terminated")
        assert await outcome(line) == (200, "succeeded")
        bye = await line.peer.request("BYE")
        line.peer.send(line.peer.reply(bye, 200))
        assert (await line.sideband.closed())[0] == 1000


async def test_a_transfer_that_fails_leaves_the_call_as_it_was() -> None:
    async with connected() as line:
        await asked_to_transfer(line)
        again, error = await line.office.ask(line.call_id, "refer", {"target_uri": TARGET})
        await notify(line, 486, "terminated")
        assert await outcome(line) == (486, "failed")
        await asked_to_transfer(line)
        await line.sideband.send(SPEAK)
        await line.sideband.received("output_audio_buffer.started")

    assert (again, error["code"]) == (409, "call_in_progress")


async def test_a_ringing_call_cannot_be_transferred() -> None:
    async with opened_office() as office:
        host, number = office.uri.partition("@")[2].split(":")
        async with Peer((host, int(number))) as peer:
            peer.invite()
            call_id = (await office.incoming()).data.call_id
            status, _ = await office.ask(call_id, "refer", {"target_uri": TARGET})

    assert status == 409


async def test_what_is_said_waits_while_the_caller_holds() -> None:
    async with connected() as line:
        peer = line.peer
        await line.sideband.send(SPEAK)
        await line.sideband.received("output_audio_buffer.started")
        peer.invite(sdp=line.offer + "a=inactive\r\n")
        answer = await peer.response(200, "INVITE")
        peer.ack(answer)
        assert b"a=inactive" in answer.body
        await asyncio.sleep(0.1)  # what was under way arrives
        before = line.ear.n_loud
        await asyncio.sleep(0.3)
        held = line.ear.n_loud - before
        peer.invite(sdp=line.offer)
        answer = await peer.response(200, "INVITE")
        peer.ack(answer)
        assert b"a=sendrecv" in answer.body
        await line.sideband.received("output_audio_buffer.stopped")

    assert held == 0
    assert line.ear.n_loud > before


async def test_media_that_cannot_be_used_change_nothing() -> None:
    async with connected() as line:
        line.peer.invite(sdp=line.offer.replace("RTP/AVP 0", "RTP/AVP 18"))
        refused = await line.peer.response(method="INVITE")
        await line.sideband.send(SPEAK)
        await line.sideband.received("output_audio_buffer.started")

    assert refused.status_code == 488


@pytest.mark.parametrize("media", ["m=video 4000 RTP/AVP 96", "m=audio 4000 RTP/AVP 18"])
async def test_a_call_without_usable_sound_is_refused_before_anybody_is_asked(media: str) -> None:
    async with opened_office() as office:
        host, number = office.uri.partition("@")[2].split(":")
        async with Peer((host, int(number))) as peer:
            peer.invite(sdp=OFFER.replace("m=audio 4000 RTP/AVP 0", media))
            refused = await peer.response()
        await office.receiver.received(1)

    assert refused.status_code == 488
    assert b"vivavoce.call.ended" in office.receiver.bodies[0]


async def test_a_caller_may_leave_the_offer_to_us() -> None:
    async with connected(offers=False) as line:
        event: Any = await line.office.incoming()
        await line.sideband.send(SPEAK)
        await line.sideband.received("output_audio_buffer.stopped")

    assert event.data.sip_media_security is None
    assert line.ear.n_loud > 10
