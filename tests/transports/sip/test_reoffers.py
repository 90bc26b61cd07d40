"""Hold, resume and other changes of a call that is up, in virtual time."""

from tests.transports.sip.calls import Owner
from tests.transports.sip.network import network
from tests.transports.sip.peer import ANSWER, OFFER, Peer, answered
from tests.transports.sip.stories import play
from vivavoce.transports.sip.events import Acknowledged, Reoffer
from vivavoce.transports.sip.server import SipServer


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
