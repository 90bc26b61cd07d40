"""Outgoing calls and registrations over an in-memory network, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiosipua import SipRequest, SipResponse
from aiosipua.headers import parse_auth

from tests.transports.sip.calls import Owner
from tests.transports.sip.network import network, run_on_network
from tests.transports.sip.peer import ANSWER, OFFER, Peer
from tests.virtual_time import VirtualClock
from vivavoce.errors import TransportClosed
from vivavoce.transports.sip.digest import Challenger
from vivavoce.transports.sip.events import Answered, CallEvent, EarlyMedia, Ended, Reoffer, Ringing
from vivavoce.transports.sip.messages import Header, cseq_of
from vivavoce.transports.sip.outgoing import OutgoingCall
from vivavoce.transports.sip.server import SipServer
from vivavoce.transports.sip.settings import SipSettings, SipTrunk

SERVER = ("127.0.0.1", 5060)
FIRST = 20_000
TRUNK = SipTrunk(address=f"127.0.0.1:{FIRST}", domain="tel.example", user="us", password="plum")
Story = Callable[[SipServer, Peer], Awaitable[None]]


def play(story: Story, trunk: SipTrunk = TRUNK, **settings: object) -> None:
    """Run a story with a server and the trunk that it calls through."""

    async def main() -> None:
        chosen = SipSettings(tcp_port=None, trunks={"t": trunk}, **settings)  # type: ignore[arg-type]  # passed on
        async with (
            Peer(SERVER) as peer,
            SipServer(chosen, VirtualClock(), Owner()) as server,
        ):
            await story(server, peer)

    run_on_network(main())


async def happened(call: OutgoingCall, n: int) -> list[CallEvent]:
    events = call.events()
    return [await anext(events) for _ in range(n)]


def answer_to(peer: Peer, invite: SipRequest, status: int = 200) -> SipResponse:
    answer = peer.reply(invite, status)
    answer.headers.set_single("Content-Type", "application/sdp")
    answer.text = ANSWER
    peer.remote_tag = (invite.from_addr.tag if invite.from_addr else None) or ""
    peer.call_id = invite.call_id or ""
    return answer


def test_a_call_rings_sounds_early_is_answered_and_hung_up() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        call = await server.call(
            "tel:+15550100", OFFER, trunk="t", headers=[Header("X-Flavour", "plum")]
        )
        invite = await peer.request("INVITE")
        for status in (100, 180):
            peer.send(peer.reply(invite, status))
        peer.send(answer_to(peer, invite, 183))
        peer.send(answer_to(peer, invite))
        ack = await peer.request("ACK")
        peer.send(answer_to(peer, invite))
        again = await peer.request("ACK")
        events = await happened(call, 4)

        call.hangup()
        bye = await peer.request("BYE")
        peer.send(peer.reply(bye, 200))

        assert invite.uri == "sip:+15550100@tel.example"
        assert (invite.headers.get_first("From") or "").startswith("<sip:us@tel.example>;tag=")
        assert invite.headers.get_first("X-Flavour") == "plum"
        assert invite.text == OFFER
        assert events == [Ringing(180), Ringing(183), EarlyMedia(ANSWER), Answered(ANSWER)]
        assert ack.uri == f"sip:bob@127.0.0.1:{FIRST}"
        assert cseq_of(ack) == cseq_of(again)
        assert cseq_of(bye).seq == 2
        assert await happened(call, 1) == [Ended("hangup")]
        assert call.state == "over"

    play(story)


def test_the_far_side_may_change_the_session_and_hang_up() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        call = await server.call("100", OFFER, trunk="t")
        invite = await peer.request("INVITE")
        peer.send(answer_to(peer, invite))
        await peer.request("ACK")
        events = call.events()
        assert await anext(events) == Answered(ANSWER)
        peer.send(peer.make("INVITE", sdp=OFFER))
        reoffer = await anext(events)
        assert isinstance(reoffer, Reoffer)
        reoffer.answer(ANSWER)
        peer.ack(await peer.response(200))
        await anext(events)
        peer.send(peer.make("BYE"))

        assert (await peer.response(method="BYE")).status_code == 200
        assert [event async for event in events] == [Ended("bye")]

    play(story)


@pytest.mark.parametrize(("status", "algorithm"), [(401, "MD5"), (407, "SHA-256")])
def test_a_trunk_that_asks_for_the_password_gets_it_by_digest(status: int, algorithm: str) -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        challenger = Challenger({"us": "plum"}, "tel.example")
        call = await server.call("100", OFFER, trunk="t")
        first = await peer.request("INVITE")
        asks = [
            value
            for _, value in challenger.challenges(first, "x", 0.0, is_stale=False)
            if f"algorithm={algorithm}" in value
        ]
        name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        refusal = peer.reply(first, status)
        refusal.headers.append(name, 'Digest realm="r", nonce="n", algorithm=SHA-999')
        refusal.headers.append(name, asks[0])
        peer.send(refusal)
        await peer.request("ACK")
        second = await peer.request("INVITE")
        shows = "Authorization" if status == 401 else "Proxy-Authorization"
        shown = second.headers.get_first(shows) or ""
        second.headers.set_single("Authorization", shown)

        assert cseq_of(second).seq == 2
        assert second.call_id == first.call_id
        assert second.via[0].branch != first.via[0].branch
        assert parse_auth(shown).params["algorithm"] == algorithm
        assert challenger.check(second, "x", 1.0) == "right"
        peer.send(refusal_of_wrong := peer.reply(second, status, **{name: asks[0]}))
        assert refusal_of_wrong.status_code == status
        assert await happened(call, 1) == [Ended("refused", status)]

    play(story)


def test_redirects_and_refusals_end_the_call_with_their_status() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        for status in (302, 486, 603):
            call = await server.call("100", OFFER, trunk="t")
            peer.send(peer.reply(await peer.request("INVITE"), status))
            ack = await peer.request("ACK")

            assert cseq_of(ack).method == "ACK"
            assert await happened(call, 1) == [Ended("refused", status)]

    play(story)


def test_a_session_timer_that_is_too_short_for_them_is_made_longer() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        await server.call("100", OFFER, trunk="t")
        peer.send(peer.reply(await peer.request("INVITE"), 422, Min_SE="900"))
        again = await peer.request("INVITE")

        assert again.headers.get_first("Session-Expires") == "900"
        assert again.headers.get_first("Min-SE") == "900"

    play(story, session_timer_s=300)


def test_the_timer_agreed_on_is_refreshed_by_us_and_watched_by_us() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        for role, expected in (("uac", "UPDATE"), ("uas", "BYE")):
            await server.call("100", OFFER, trunk="t")
            answer = answer_to(peer, await peer.request("INVITE"))
            answer.headers.append("Session-Expires", f"120;refresher={role}")
            peer.send(answer)
            await peer.request("ACK")
            began = network().time()
            request = await peer.request(expected)
            peer.send(peer.reply(request, 481))
            if expected == "UPDATE":
                peer.send(peer.reply(await peer.request("BYE"), 200))

            assert network().time() - began == pytest.approx(60 if role == "uac" else 88, abs=2)

    play(story)


def test_hanging_up_a_ringing_call_cancels_it_once_it_rings() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        call = await server.call("100", OFFER, trunk="t")
        invite = await peer.request("INVITE")
        call.hangup()
        await asyncio.sleep(0.1)
        assert peer.received.empty()
        peer.send(peer.reply(invite, 180))
        cancel = await peer.request("CANCEL")
        peer.send(peer.reply(cancel, 200))
        peer.send(peer.reply(invite, 487))
        await peer.request("ACK")

        assert cancel.headers.get("Via") == invite.headers.get("Via")
        assert await happened(call, 1) == [Ended("hangup", 487)]

    play(story)


def test_a_call_that_nobody_answers_is_given_up_after_a_minute() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        call = await server.call("sip:ann@tel.example", OFFER, trunk="t")
        invite = await peer.request("INVITE")
        peer.send(peer.reply(invite, 180))
        assert await happened(call, 2) == [Ringing(180), Ended("unanswered", 487)]
        assert 59 < network().time() < 61
        assert (await peer.request("CANCEL")).call_id == invite.call_id
        assert call.state == "over"

    play(story)


def test_a_call_that_was_answered_goes_on_after_that_minute() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        call = await server.call("sip:ann@tel.example", OFFER, trunk="t")
        peer.send(answer_to(peer, await peer.request("INVITE")))
        assert await happened(call, 1) == [Answered(ANSWER)]
        await asyncio.sleep(90)
        assert call.state == "up"

    play(story)


def test_an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        call = await server.call("100", OFFER, trunk="t")
        invite = await peer.request("INVITE")
        call.hangup()
        for _ in range(2):
            peer.send(answer_to(peer, invite))
            await peer.request("ACK")
        peer.send(peer.reply(await peer.request("BYE"), 200))
        await asyncio.sleep(60)

        assert all(
            isinstance(message, SipRequest) and message.method == "ACK"
            for message in [peer.received.get_nowait() for _ in range(peer.received.qsize())]
        )

    play(story)


def test_the_second_phone_of_a_fork_is_acknowledged_and_hung_up() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        call = await server.call("100", OFFER, trunk="t")
        invite = await peer.request("INVITE")
        peer.send(answer_to(peer, invite))
        await peer.request("ACK")
        other = answer_to(peer, invite)
        other.headers.set_single("To", "<sip:100@tel.example>;tag=other")
        peer.send(other)
        await peer.request("ACK")
        bye = await peer.request("BYE")

        assert (bye.headers.get_first("To") or "").endswith(";tag=other")
        assert call.state == "up"

    play(story)


def test_an_answer_without_a_session_is_hung_up() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        call = await server.call("100", OFFER, trunk="t")
        peer.send(peer.reply(await peer.request("INVITE"), 200))
        await peer.request("ACK")
        await peer.request("BYE")

        assert await happened(call, 1) == [Ended("refused", 488)]

    play(story)


def test_nobody_at_the_other_end_is_unreachable_after_half_a_minute() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        call = await server.call("sip:bob@127.0.0.1:9", OFFER)

        assert await happened(call, 1) == [Ended("unreachable", 408)]
        assert 31 < network().time() < 33

    play(story)


@pytest.mark.parametrize(
    ("target", "trunk", "header"),
    [
        ("sip:bob@127.0.0.1", "unknown", Header("X-A", "b")),
        ("tel:1", None, Header("X-A", "b")),
        ("sip:bob@127.0.0.1\r\nX: y", None, Header("X-A", "b")),
        ("sip:bob@127.0.0.1;transport=carrier-pigeon", None, Header("X-A", "b")),
        ("sip:bob@127.0.0.1:99999", None, Header("X-A", "b")),
        ("sip:bob@127.0.0.1", None, Header("X-A", "b\r\nVia: c")),
        ("sip:bob@127.0.0.1", None, Header("X A", "b")),
        ("sip:bob@127.0.0.1", None, Header("Call-ID", "b")),
        ("sip:bob@127.0.0.1", None, Header("X-A", "\ud800")),
    ],
)
def test_what_cannot_be_called_is_refused(target: str, trunk: str | None, header: Header) -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        with pytest.raises(TransportClosed):
            await server.call(target, OFFER, trunk=trunk, headers=[header])

    play(story)


REGISTERED = SipTrunk(
    address=f"127.0.0.1:{FIRST}",
    domain="tel.example",
    user="us",
    password="plum",
    register=True,
)


def test_a_registration_is_renewed_and_kept_alive_and_its_calls_are_let_in() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        first = await peer.request("REGISTER")
        challenge = 'Digest realm="r", nonce="n", qop="auth"'
        peer.send(peer.reply(first, 401, WWW_Authenticate=challenge))
        second = await peer.request("REGISTER")
        peer.invite()
        assert (await peer.response(403)).status_code == 403
        contact = second.headers.get_first("Contact") or ""
        granted = peer.reply(second, 200)
        granted.headers.set_single("Contact", f"{contact};expires=120")
        peer.send(granted)
        began = network().time()
        await asyncio.sleep(1)
        assert server.registrations == {"t": ("registered", 200)}
        peer.remote_tag = ""
        peer.invite()
        assert (await peer.response(200)).status_code == 200
        third = await peer.request("REGISTER")
        peer.send(peer.reply(third, 200, Expires="120"))
        await asyncio.sleep(1)

        assert second.uri == "sip:tel.example"
        assert "Authorization" in second.headers
        assert second.call_id == third.call_id
        assert cseq_of(third).seq == 3
        assert network().time() - began == pytest.approx(97, abs=2)

    play(story, REGISTERED, allowed_sources=())


def test_a_registration_that_fails_is_tried_again_and_one_too_brief_made_longer() -> None:
    async def story(server: SipServer, peer: Peer) -> None:
        peer.send(peer.reply(await peer.request("REGISTER"), 403))
        await asyncio.sleep(1)
        assert server.registrations == {"t": ("failed", 403)}
        peer.send(peer.reply(await peer.request("REGISTER"), 423, Min_Expires="600"))
        longer = await peer.request("REGISTER")
        peer.send(peer.reply(longer, 200))
        await asyncio.sleep(1)

        assert longer.headers.get_first("Expires") == "600"
        assert server.registrations == {"t": ("registered", 200)}

    play(story, REGISTERED)


def test_the_end_of_the_server_takes_the_registration_back() -> None:
    async def main() -> None:
        async with Peer(SERVER) as peer, asyncio.TaskGroup() as tasks:

            async def registrar() -> SipRequest:
                while True:
                    request = await peer.request("REGISTER")
                    peer.send(peer.reply(request, 200))
                    if request.headers.get_first("Expires") == "0":
                        return request

            answering = tasks.create_task(registrar())
            settings = SipSettings(tcp_port=None, trunks={"t": REGISTERED})
            async with SipServer(settings, VirtualClock(), Owner()):
                await asyncio.sleep(1)
            assert (await answering).headers.get_first("Expires") == "0"

    run_on_network(main())
