"""Incoming calls over an in-memory network, in virtual time."""

import asyncio

from tests.transports.sip.calls import Owner
from tests.transports.sip.network import network, run_on_network
from tests.transports.sip.peer import ANSWER, OFFER, Peer, answered
from tests.transports.sip.stories import SERVER, play
from tests.virtual_time import VirtualClock
from vivavoce.transports.sip.events import Acknowledged, Ended
from vivavoce.transports.sip.server import SipServer
from vivavoce.transports.sip.settings import SipSettings


def test_a_call_is_tried_rung_answered_acknowledged_and_hung_up_by_the_caller() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        peer.invite()
        assert [(await peer.response(status)).status_code for status in (100, 180)] == [100, 180]
        answer = await peer.response(200)
        peer.ack(answer)
        peer.send(peer.make("BYE"))

        assert answer.text == ANSWER
        assert (await peer.response(200, "BYE")).status_code == 200
        assert await owner.next() == Acknowledged(None)
        assert await owner.next() == Ended("bye")

    play(story)


def test_the_owner_sees_headers_in_order_without_passwords_and_the_offer_and_the_source() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        peer.invite(headers={"X-Flavour": "plum", "Authorization": "Digest x", "s": "hello"})
        caller = (await owner.call()).caller

        names = [header.name for header in caller.headers]
        assert names[:4] == ["Via", "Max-Forwards", "From", "To"]
        assert "Authorization" not in names
        assert {"X-Flavour", "Subject"} <= set(names)
        assert caller.offer == OFFER
        assert caller.source == peer.address

    play(story, Owner(accepts=False))


def test_a_repeated_invite_is_the_same_call_and_its_200_is_resent_until_the_ack() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        invite = peer.invite()
        peer.send(invite)
        peer.send(invite)
        tags = set()
        for _ in range(4):
            answer = await peer.response(200)
            tags.add(peer.remote_tag)
        peer.ack(answer)

        assert await owner.next() == Acknowledged(None)
        assert len(tags) == 1
        assert len(owner.calls) == 1

    play(story)


def test_an_answer_that_is_never_acknowledged_ends_the_call_with_a_bye() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        peer.invite()
        began = network().time()
        bye = await peer.request("BYE")
        peer.send(peer.reply(bye, 200))

        assert 31 < network().time() - began < 33
        assert await owner.next() == Ended("unacknowledged", 408)

    play(story)


def test_a_lossy_network_costs_time_but_no_call() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        seen: dict[bytes, int] = {}

        def first_two_copies(data: bytes, to: object) -> bool:
            seen[data] = seen.get(data, 0) + 1
            return seen[data] < 3

        network().is_lost = first_two_copies
        invite = peer.make("INVITE", sdp=OFFER)
        for _ in range(3):
            peer.send(invite)
        answer = await peer.response(200)
        for _ in range(3):
            peer.send(peer.make("ACK", cseq=1, branch="z9hG4bK-one"))
        assert await owner.next() == Acknowledged(None)
        (await owner.call()).hangup()
        bye = await peer.request("BYE")
        for _ in range(3):
            peer.send(peer.reply(bye, 200))

        assert answer.text == ANSWER
        assert await owner.next() == Ended("hangup")

    play(story)


def test_cancel_ends_a_ringing_call_with_487() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        invite = peer.invite()
        await peer.response(180)
        via = invite.via[0].branch
        peer.remote_tag = ""
        peer.send(peer.make("CANCEL", cseq=1, branch=via))

        assert (await peer.response(method="CANCEL")).status_code == 200
        assert (await peer.response(method="INVITE")).status_code == 487
        assert await owner.next() == Ended("cancelled", 487)

    play(story, Owner(accepts=False))


def test_a_cancel_of_nothing_gets_481_and_one_after_the_answer_changes_nothing() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        peer.send(peer.make("CANCEL"))
        assert (await peer.response()).status_code == 481
        peer.remote_tag = ""
        invite = peer.invite()
        peer.ack(await peer.response(200))
        cancel = peer.make("CANCEL", cseq=invite.cseq.seq if invite.cseq else 0)
        cancel.headers.set_single("Via", invite.headers.get("Via")[0])
        peer.send(cancel)

        assert (await peer.response(method="CANCEL")).status_code == 200
        assert await owner.next() == Acknowledged(None)
        assert (await owner.call()).state == "up"

    play(story)


def test_a_call_nobody_accepts_ends_with_480_after_half_a_minute() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        peer.invite()

        assert (await peer.response()).status_code == 480
        assert 29 < network().time() < 31
        assert await owner.next() == Ended("unanswered", 480)

    play(story, Owner(accepts=False))


def test_a_rejected_call_gets_the_status_until_it_is_acknowledged() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        invite = peer.invite()
        (await owner.call()).reject(486)
        refusals = [await peer.response() for _ in range(3)]
        ack = peer.make("ACK", cseq=1, branch=invite.via[0].branch)
        peer.send(ack)
        await asyncio.sleep(20)

        assert {refusal.status_code for refusal in refusals} == {486}
        assert peer.received.empty()
        assert await owner.next() == Ended("rejected", 486)

    play(story, Owner(accepts=False))


def test_a_hangup_before_the_ack_waits_for_the_ack() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        peer.invite()
        answer = await peer.response(200)
        (await owner.call()).hangup()
        await asyncio.sleep(0.3)
        assert peer.received.empty()
        peer.ack(answer)
        bye = await peer.request("BYE")
        peer.send(peer.reply(bye, 200))

        assert bye.headers.get_first("To") == answer.headers.get_first("From")

    play(story)


def test_requests_out_of_order_are_refused_and_options_in_a_call_is_answered() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer)
        peer.send(peer.make("OPTIONS"))
        assert (await peer.response(method="OPTIONS")).status_code == 200
        peer.send(peer.make("BYE", cseq=1))
        assert (await peer.response(method="BYE")).status_code == 500

    play(story)


def test_the_owner_who_leaves_hangs_up_and_one_who_fails_refuses() -> None:
    class Leaves(Owner):
        async def __call__(self, call: object) -> None:
            self.began.set()

    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        peer.invite()
        assert (await peer.response()).status_code == 480

    play(story, Leaves())


def test_the_end_of_the_server_says_goodbye_to_everybody() -> None:
    async def main() -> None:
        owner = Owner()
        async with Peer(SERVER) as peer, Peer(SERVER) as waiting:
            settings = SipSettings(tcp_port=None)
            async with SipServer(settings, VirtualClock(), owner):
                await answered(peer)
                await owner.next()

                async def take_bye() -> None:
                    peer.send(peer.reply(await peer.request("BYE"), 200))

                tasks = asyncio.TaskGroup()
                await tasks.__aenter__()
                tasks.create_task(take_bye())
            await tasks.__aexit__(None, None, None)
            waiting.invite()
            await asyncio.sleep(1)

            assert await owner.next() == Ended("server_closing")
            assert network().time() < 2

    run_on_network(main())
