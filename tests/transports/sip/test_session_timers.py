"""Calls whose far side is gone are found out (RFC 4028), in virtual time."""

import asyncio

from tests.transports.sip.calls import Owner
from tests.transports.sip.network import network
from tests.transports.sip.peer import ANSWER, OFFER, Peer, answered
from tests.transports.sip.stories import play
from vivavoce.transports.sip.events import Acknowledged, Ended
from vivavoce.transports.sip.server import SipServer


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
