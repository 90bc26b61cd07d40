"""Incoming calls over an in-memory network, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

from aiosipua import SipRequest

from tests.transports.sip.calls import Owner
from tests.transports.sip.network import network, run_on_network
from tests.transports.sip.peer import ANSWER, OFFER, Peer, answered
from tests.virtual_time import VirtualClock
from vivavoce.transports.sip.events import Acknowledged, Ended, Reoffer
from vivavoce.transports.sip.server import SipServer
from vivavoce.transports.sip.settings import SipSettings

SERVER = ("127.0.0.1", 5060)
Story = Callable[[SipServer, Peer, Owner], Awaitable[None]]


def play(story: Story, owner: Owner | None = None, **settings: object) -> None:
    """Run a story with a server, a peer and an owner of calls."""

    async def main() -> None:
        whose = owner or Owner()
        chosen = SipSettings(tcp_port=None, **settings)  # type: ignore[arg-type]  # passed on
        async with (
            SipServer(chosen, VirtualClock(), whose) as server,
            Peer(SERVER) as peer,
        ):
            await story(server, peer, whose)

    run_on_network(main())


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


def test_hold_and_resume_and_a_changed_address_reach_the_owner_and_get_its_answer() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer)
        assert await owner.next() == Acknowledged(None)
        held = f"{OFFER}a=sendonly\r\n"
        for method, offer in (("INVITE", held), ("UPDATE", OFFER)):
            peer.send(peer.make(method, sdp=offer))
            answer = await peer.response(200, method)
            event = await owner.next()

            assert isinstance(event, Reoffer)
            assert event.sdp == offer
            assert "5002" in answer.text
            if method == "INVITE":
                peer.ack(answer)
                assert await owner.next() == Acknowledged(None)

    play(story)


def test_an_invite_without_an_offer_gets_ours_and_the_ack_brings_the_answer() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        peer.invite(sdp=None)
        answer = await peer.response(200)
        peer.ack(answer, sdp=OFFER)

        assert (await owner.call()).caller.offer is None
        assert await owner.next() == Acknowledged(OFFER)

    play(story)


def test_a_second_offer_before_the_first_is_answered_must_wait() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer)
        await owner.next()
        peer.invite()
        await peer.response(100)
        peer.invite()
        refusal = await peer.response()

        assert refusal.status_code == 500
        assert refusal.headers.get_first("Retry-After") == "2"

    play(story, Owner(answers=False))


def test_a_reoffer_may_be_refused_and_cancelled() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer)
        await owner.next()
        invite = peer.invite()
        refused = await owner.next()
        assert isinstance(refused, Reoffer)
        refused.refuse()
        assert (await peer.response()).status_code == 488
        peer.send(peer.make("ACK", cseq=peer.cseq, branch=invite.via[0].branch))
        invite = peer.invite()
        cancelled = await owner.next()
        peer.send(peer.make("CANCEL", cseq=peer.cseq, branch=invite.via[0].branch))
        assert (await peer.response(method="INVITE")).status_code == 487

        assert isinstance(cancelled, Reoffer)
        assert not cancelled.is_open
        cancelled.answer(ANSWER)
        assert (await owner.call()).state == "up"

    play(story, Owner(answers=False))


def test_an_offer_that_the_owner_leaves_lying_is_refused() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer)
        await owner.next()
        peer.send(peer.make("UPDATE", sdp=OFFER))
        assert (await peer.response()).status_code == 500
        reoffer = await owner.next()

        assert isinstance(reoffer, Reoffer)
        assert not reoffer.is_open
        assert 19 < network().time() < 22

    play(story, Owner(answers=False))


def test_requests_out_of_order_are_refused_and_options_in_a_call_is_answered() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer)
        peer.send(peer.make("OPTIONS"))
        assert (await peer.response(method="OPTIONS")).status_code == 200
        peer.send(peer.make("BYE", cseq=1))
        assert (await peer.response(method="BYE")).status_code == 500

    play(story)


def test_the_session_timer_that_the_caller_keeps_ends_the_call_without_refreshes() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        answer = await answered(
            peer, headers={"Supported": "timer", "Session-Expires": "100;refresher=uac"}
        )
        assert answer.headers.get_first("Session-Expires") == "100;refresher=uac"
        assert answer.headers.get("Require") == ["timer"]
        await asyncio.sleep(60)
        peer.send(peer.make("UPDATE", headers={"Supported": "timer", "Session-Expires": "100"}))
        await peer.response(200, "UPDATE")
        refreshed = network().time()
        bye = await peer.request("BYE")
        peer.send(peer.reply(bye, 200))

        assert 66 < network().time() - refreshed < 70
        assert await owner.next() == Acknowledged(None)
        assert await owner.next() == Ended("session_expired")

    play(story)


def test_the_session_timer_that_we_keep_refreshes_by_update_and_ends_a_dead_call() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer)
        for _ in range(2):
            update = await peer.request("UPDATE")
            assert update.headers.get_first("Session-Expires") == "200;refresher=uac"
            peer.send(peer.reply(update, 200, Session_Expires="200;refresher=uac"))
        update = await peer.request("UPDATE")
        peer.send(peer.reply(update, 481))
        bye = await peer.request("BYE")
        peer.send(peer.reply(bye, 481))

        assert 290 < network().time() < 310
        await owner.next()
        assert await owner.next() == Ended("session_expired", 481)

    play(story, session_timer_s=200)


def test_where_update_is_not_allowed_the_refresh_is_an_invite() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer, headers={"Allow": "INVITE, ACK, BYE"})
        invite = await peer.request("INVITE")
        glare = peer.make("INVITE", sdp=OFFER)
        peer.send(glare)
        assert (await peer.response()).status_code == 491
        answer = peer.reply(invite, 200)
        answer.text = OFFER
        peer.send(answer)
        ack = await peer.request("ACK")
        peer.send(answer)
        again = await peer.request("ACK")

        assert invite.text == ANSWER
        assert ack.cseq == again.cseq
        assert ack.cseq is not None
        assert ack.cseq.seq == 1

    play(story, session_timer_s=200)


def test_a_timer_that_is_too_short_is_refused_with_the_least() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        peer.invite(headers={"Supported": "timer", "Session-Expires": "60"})
        refusal = await peer.response()

        assert refusal.status_code == 422
        assert refusal.headers.get_first("Min-SE") == "90"

    play(story)


def _notify(peer: Peer, fragment: str, state: str) -> SipRequest:
    notify = peer.make("NOTIFY", headers={"Event": "refer", "Subscription-State": state})
    notify.headers.set_single("Content-Type", "message/sipfrag;version=2.0")
    notify.text = fragment
    return notify


def test_a_transfer_is_told_step_by_step() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer)
        await owner.next()
        progress = (await owner.call()).refer("tel:+15550100")
        seen: list[tuple[int, bool]] = []

        async def follow() -> None:
            seen.extend([(step.status, step.is_final) async for step in progress])

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow())
            refer = await peer.request("REFER")
            peer.send(peer.reply(refer, 202))
            for line, state in (
                ("SIP/2.0 100 Trying", "active;expires=60"),
                ("SIP/2.0 180 Ringing\r\n", "active"),
                ("SIP/2.0 200 OK\r\n", "terminated;reason=noresource"),
            ):
                peer.send(_notify(peer, line, state))
                assert (await peer.response(method="NOTIFY")).status_code == 200

        assert refer.headers.get_first("Refer-To") == "<tel:+15550100>"
        assert seen == [(202, False), (100, False), (180, False), (200, True)]
        peer.send(_notify(peer, "SIP/2.0 200 OK", "terminated"))
        assert (await peer.response(method="NOTIFY")).status_code == 481

    play(story)


def test_a_refused_transfer_a_silent_one_and_one_that_ends_the_call_all_end() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer)
        await owner.next()
        call = await owner.call()

        async def follow(status: int, then: str | None = None) -> list[int]:
            async with asyncio.TaskGroup() as tasks:
                seen = tasks.create_task(_statuses(call.refer("sip:bob@127.0.0.1")))
                peer.send(peer.reply(await peer.request("REFER"), status))
                if then is not None:
                    await asyncio.sleep(0.1)
                    peer.send(peer.make(then))
            return seen.result()

        assert await follow(405) == [405]
        assert await follow(202) == [202, 408]
        assert await follow(202, "BYE") == [202]

    play(story)


async def _statuses(progress: object) -> list[int]:
    return [step.status async for step in progress]  # type: ignore[attr-defined]  # any iterator


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
