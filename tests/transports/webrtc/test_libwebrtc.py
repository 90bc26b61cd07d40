"""The media engine itself: what it answers, and what it tells of the network."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest

from tests.rtc_client import Caller, accept, new_caller, offer_of, tone
from vivavoce.errors import ProtocolError
from vivavoce.transports.webrtc.libwebrtc import LibwebrtcPeer, open_peer
from vivavoce.transports.webrtc.peer import FRAME_BYTES, PeerSettings

ANY = PeerSettings()


@dataclass
class Listener:
    """Notes what it is told."""

    told: list[str] = field(default_factory=list)
    has_opened: asyncio.Event = field(default_factory=asyncio.Event)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)
    has_text: asyncio.Event = field(default_factory=asyncio.Event)

    def on_open(self, max_message_bytes: int) -> None:
        self.told.append(f"open {max_message_bytes}")
        self.has_opened.set()

    def on_text(self, text: bytes) -> None:
        self.told.append(text.decode())
        self.has_text.set()

    def on_binary(self) -> None:
        self.told.append("binary")

    def on_room(self) -> None:
        self.told.append("room")

    def on_end(self) -> None:
        self.told.append("end")
        self.has_ended.set()


async def connected(
    settings: PeerSettings = ANY, caller: Caller | None = None
) -> tuple[LibwebrtcPeer, Listener, Caller]:
    caller, listener = caller or new_caller(), Listener()
    peer, answer = await open_peer(await offer_of(caller), listener, settings)
    await accept(caller, answer)
    async with asyncio.timeout(10):
        await listener.has_opened.wait()
    return peer, listener, caller


def candidates(caller: Caller) -> list[list[str]]:
    lines = caller.answer.splitlines()
    return [line.split() for line in lines if line.startswith("a=candidate") and " udp " in line]


async def test_texts_go_both_ways() -> None:
    peer, listener, caller = await connected()
    assert caller.channel is not None
    caller.channel.send("hello")
    async with asyncio.timeout(5):
        await listener.has_text.wait()
    peer.send(b'{"type": "hi"}')
    assert (await caller.received("hi"))["type"] == "hi"
    assert listener.told == ["open 262144", "hello"]
    peer.close()
    caller.connection.close()


async def test_the_ports_are_those_of_the_range() -> None:
    peer, _, caller = await connected(PeerSettings(port_range=(42_000, 42_040)))
    assert all(42_000 <= int(candidate[5]) <= 42_040 for candidate in candidates(caller))
    peer.close()
    caller.connection.close()


async def test_a_call_comes_about_by_an_advertised_address() -> None:
    peer, _, caller = await connected(PeerSettings(advertised_addresses=("127.0.0.1",)))
    assert {candidate[4] for candidate in candidates(caller)} == {"127.0.0.1"}
    peer.close()
    caller.connection.close()


async def test_what_is_heard_has_our_rate_and_nothing_is_lost_between_looks() -> None:
    peer, _, caller = await connected()
    caller.say(tone(440, 2.0))
    heard = 0
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        speaking = tasks.create_task(caller.run())
        while not peer.heard():  # noqa: ASYNC110 - the engine wakes nobody
            await asyncio.sleep(0.005)
        loop = asyncio.get_running_loop()
        started = loop.time()
        while loop.time() < started + 1.0:
            await asyncio.sleep(0.1)
            peer.play(bytes(FRAME_BYTES))
            heard += len(peer.heard())
        elapsed_ms = (loop.time() - started) * 1000
        speaking.cancel()
    assert heard / 48 == pytest.approx(elapsed_ms, abs=60)
    peer.close()
    caller.connection.close()


@pytest.mark.parametrize(
    "change",
    [
        ("a=fingerprint:sha-256 ", "a=fingerprint:sha-999 "),
        ("a=ice-ufrag:", "a=ice-ufrog:"),
        ("m=audio", "m=audio x"),
    ],
)
async def test_an_offer_that_the_engine_does_not_take_is_refused_with_its_reason(
    change: tuple[str, str],
) -> None:
    caller = new_caller()
    offer = (await offer_of(caller)).replace(*change)
    with pytest.raises(ProtocolError) as refused:
        await open_peer(offer, Listener(), ANY)
    assert refused.value.code == "invalid_offer"
    caller.connection.close()


async def test_a_second_channel_is_closed_and_the_first_goes_on() -> None:
    peer, listener, caller = await connected()
    second = caller.connection.create_data_channel("another")
    closed = asyncio.Event()
    second.on("close", lambda _: closed.set())
    async with asyncio.timeout(5):
        await closed.wait()
    assert caller.channel is not None
    caller.channel.send("still here")
    async with asyncio.timeout(5):
        await listener.has_text.wait()
    assert "end" not in listener.told
    peer.close()
    caller.connection.close()


async def test_a_peer_that_was_closed_tells_nothing_any_more() -> None:
    peer, listener, caller = await connected()
    peer.close()
    async with asyncio.timeout(5):
        await caller.is_closed.wait()
    assert "end" not in listener.told
    caller.connection.close()


class Relay(asyncio.DatagramProtocol):
    """A network between two ends on this machine that can be cut."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._client: tuple[str, int] | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self.is_cut = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # 3.11's is no subclass

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        assert self._transport is not None
        if self.is_cut:
            return
        if address == self._server:
            if self._client is not None:
                self._transport.sendto(data, self._client)
            return
        self._client = self._client or address  # it tries from each of its own addresses
        if address == self._client:
            self._transport.sendto(data, self._server)


async def relayed(answer: str) -> tuple[Relay, str]:
    """Return a relay, and the answer with no other candidate than it."""
    lines = answer.splitlines()
    ours = [line for line in lines if line.startswith("a=candidate") and " 127.0.0.1 " in line]
    candidate = next(line for line in ours if " udp " in line)
    port = candidate.split()[5]
    loop = asyncio.get_running_loop()
    transport, relay = await loop.create_datagram_endpoint(
        lambda: Relay(("127.0.0.1", int(port))), local_addr=("127.0.0.1", 0)
    )
    relay_port = transport.get_extra_info("sockname")[1]
    kept = [line for line in lines if not line.startswith("a=candidate") or line == candidate]
    return relay, "\r\n".join(kept).replace(f" {port} typ", f" {relay_port} typ") + "\r\n"


async def test_a_network_that_stays_away_ends_the_call_but_not_before_its_grace() -> None:
    caller, listener = new_caller(), Listener()
    offer = await offer_of(caller)
    # Without the caller's own candidates, the server learns its address from the relay.
    offer = "\r\n".join(line for line in offer.splitlines() if not line.startswith("a=candidate"))
    peer, answer = await open_peer(offer + "\r\n", listener, PeerSettings(grace_s=0.5))
    relay, answer = await relayed(answer)
    try:
        await accept(caller, answer)
        await lose_the_network(relay, listener)
    finally:
        relay.close()
        peer.close()
        caller.connection.close()
        await asyncio.sleep(0)  # the relay's socket is closed in the next turn of the loop


async def lose_the_network(relay: Relay, listener: Listener) -> None:
    async with asyncio.timeout(10):
        await listener.has_opened.wait()
    loop = asyncio.get_running_loop()
    relay.is_cut = True
    await asyncio.sleep(2)
    relay.is_cut = False  # short losses end nothing
    await asyncio.sleep(1)
    assert "end" not in listener.told
    relay.is_cut = True
    cut_at = loop.time()
    async with asyncio.timeout(20):
        await listener.has_ended.wait()
    assert 2 < loop.time() - cut_at < 15
