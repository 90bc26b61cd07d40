"""What is refused, ignored or asked for a password, over an in-memory network."""

import asyncio

import pytest
from aiosipua import SipRequest, SipResponse
from aiosipua.auth import SipDigestAuth, build_credentials
from aiosipua.headers import parse_auth, stringify_auth
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transports.sip.calls import Owner
from tests.transports.sip.network import network, run_on_network
from tests.transports.sip.peer import OFFER, Peer, answered
from tests.transports.sip.stories import SERVER, play
from tests.virtual_time import VirtualClock
from vivavoce.errors import ConfigError
from vivavoce.transports.sip.server import SipServer
from vivavoce.transports.sip.settings import SipSettings, SipTrunk


@pytest.mark.parametrize(
    ("method", "headers", "uri", "status", "explained"),
    [
        ("INVITE", {"Require": "timer, 100rel, foobar"}, "sip:a@b", 420, "Unsupported"),
        ("OPTIONS", {"Require": "foobar"}, "sip:a@b", 420, "Unsupported"),
        ("INVITE", {"Max-Forwards": "0"}, "sip:a@b", 483, None),
        ("INVITE", {"Max-Forwards": "many"}, "sip:a@b", 400, None),
        ("INVITE", {"Content-Type": "text/plain"}, "sip:a@b", 415, "Accept"),
        ("INVITE", {"Content-Encoding": "gzip"}, "sip:a@b", 415, "Accept-Encoding"),
        ("INVITE", {}, "mailto:a@b", 416, None),
        ("INVITE", {"CSeq": "x INVITE"}, "sip:a@b", 400, None),
        ("INVITE", {"CSeq": "2147483648 INVITE"}, "sip:a@b", 400, None),
        ("INVITE", {"CSeq": "1 BYE"}, "sip:a@b", 400, None),
        ("INVITE", {"From": "<sip:a@b>"}, "sip:a@b", 400, None),
        ("INVITE", {"Content-Length": "-1"}, "sip:a@b", 400, None),
        ("SUBSCRIBE", {}, "sip:a@b", 405, "Allow"),
        ("FOO", {}, "sip:a@b", 405, "Allow"),
        ("BYE", {}, "sip:a@b", 481, None),
        ("UPDATE", {"To": "<sip:a@b>;tag=unknown"}, "sip:a@b", 481, None),
        ("NOTIFY", {"Event": "refer"}, "sip:a@b", 481, None),
    ],
)
def test_what_cannot_be_served_is_refused_with_the_reason(
    method: str, headers: dict[str, str], uri: str, status: int, explained: str | None
) -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        request = peer.make(method, sdp=OFFER, headers=headers, uri=uri)
        data = bytes(request)
        if "Content-Length" in headers:
            data = data.replace(b"Content-Length: ", b"Content-Length: -")
        peer.send(data)
        refusal = await peer.response()
        peer.send(data)
        again = await peer.response()

        assert refusal.status_code == status
        assert bytes(again) == bytes(refusal)
        assert explained is None or explained in refusal.headers
        assert owner.calls == []

    play(story)


def test_the_unknown_extensions_and_the_known_methods_are_named() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        peer.send(peer.make("INVITE", headers={"Require": "timer, 100rel, foobar"}))
        assert (await peer.response()).headers.get("Unsupported") == ["100rel", "foobar"]
        peer.remote_tag = ""
        peer.send(peer.make("OPTIONS", headers={"Max-Forwards": "0"}))
        options = await peer.response()

        assert options.status_code == 200
        assert "UPDATE" in options.headers.get("Allow")
        assert options.headers.get("Supported") == ["timer"]
        assert options.headers.get("Accept") == ["application/sdp"]

    play(story)


def test_one_call_that_came_on_two_ways_is_taken_once() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        peer.invite(cseq=7)
        await peer.response(180)
        peer.remote_tag = ""
        peer.invite(cseq=7)

        assert (await peer.response()).status_code == 482
        assert len(owner.calls) == 1

    play(story, Owner(accepts=False))


def test_beyond_the_limit_calls_are_told_to_come_later() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        for number in range(300):
            peer.call_id, peer.remote_tag = f"flood-{number}", ""
            peer.invite()
        refused = 0
        while refused < 298:
            response = await peer.response()
            assert response.status_code == 503
            assert response.headers.get_first("Retry-After") == "5"
            refused += 1
        assert len(owner.calls) == 2

    play(story, Owner(accepts=False), max_pending_calls=2)


def test_when_all_lines_are_taken_a_caller_hears_busy() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        await answered(peer)
        peer.call_id, peer.remote_tag = "another", ""
        peer.invite()

        assert (await peer.response(486)).status_code == 486

    play(story, max_calls=1)


def test_who_is_not_on_the_list_is_forbidden_and_who_is_needs_no_password() -> None:
    async def main() -> None:
        settings = SipSettings(tcp_port=None, allowed_sources=("10.1.0.0/16", "fd00::/8"))
        async with (
            SipServer(settings, VirtualClock(), Owner()),
            Peer(SERVER, "10.1.2.3") as friend,
            Peer(SERVER, "10.2.2.3") as stranger,
        ):
            friend.invite()
            stranger.invite()

            assert (await friend.response()).status_code == 200
            assert (await stranger.response()).status_code == 403

    run_on_network(main())


def _authorized(peer: Peer, challenge: str, password: str, **changes: str) -> SipRequest:
    request = peer.make("INVITE", sdp=OFFER)
    shown = build_credentials(
        SipDigestAuth("ann", password), parse_auth(challenge), "INVITE", request.uri
    )
    assert shown is not None
    shown.params.update(changes)
    request.headers.set_single("Authorization", stringify_auth(shown))
    return request


@pytest.mark.parametrize("which", [0, 1])
def test_who_shows_the_password_by_digest_is_let_in(which: int) -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        peer.invite()
        refusal = await peer.response()
        peer.remote_tag = ""
        challenges = refusal.headers.get("WWW-Authenticate")
        assert refusal.status_code == 401
        assert ["SHA-256" in challenges[0], "MD5" in challenges[1]] == [True, True]
        peer.send(_authorized(peer, challenges[which], "plum"))

        assert (await peer.response()).status_code == 200

    play(story, allowed_sources=(), users={"ann": "plum"})


def test_wrong_old_stolen_and_malformed_passwords_are_asked_for_again() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        async def answer_to(request: SipRequest) -> SipResponse:
            peer.remote_tag = ""
            peer.send(request)
            response = await peer.response(401)
            peer.remote_tag = ""
            return response

        first = await answer_to(peer.make("INVITE", sdp=OFFER))
        challenge = first.headers.get("WWW-Authenticate")[0]
        for request in (
            _authorized(peer, challenge, "pear"),
            _authorized(peer, challenge, "plum", username="eve"),
            _authorized(peer, challenge, "plum", nc="zzzzzzzz"),
            _authorized(peer, challenge, "plum", realm="elsewhere"),
            _authorized(peer, challenge, "plum", algorithm="SHA-999"),
        ):
            wrong = await answer_to(request)
            assert "stale" not in wrong.headers.get("WWW-Authenticate")[0]
        await asyncio.sleep(121)
        old = await answer_to(_authorized(peer, challenge, "plum"))
        assert "stale=true" in old.headers.get("WWW-Authenticate")[0]
        peer.call_id = "another"
        stolen = await answer_to(_authorized(peer, old.headers.get("WWW-Authenticate")[0], "plum"))
        assert "stale=true" in stolen.headers.get("WWW-Authenticate")[0]
        assert owner.calls == []

    play(story, allowed_sources=(), users={"ann": "plum"})


@pytest.mark.parametrize(
    "chosen",
    [
        SipSettings(allowed_sources=("not a network",)),
        SipSettings(trunks={"t": SipTrunk(address="host:99999")}),
        SipSettings(trunks={"t": SipTrunk(address="host;transport=smoke")}),
        SipSettings(trunks={"t": SipTrunk(address="host", register=True)}),
    ],
)
def test_settings_that_cannot_be_used_are_the_operators_fault(chosen: SipSettings) -> None:
    with pytest.raises(ConfigError):
        SipServer(chosen, VirtualClock(), Owner())


def test_garbage_is_survived() -> None:
    async def story(server: SipServer, peer: Peer, owner: Owner) -> None:
        invite = bytes(peer.make("INVITE", sdp=OFFER))
        for data in (
            b"\x00",
            b"\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"SIP/2.0 abc\r\n\r\n",
            b"SIP/2.0 200 OK\r\n\r\n",
            bytes(range(256)),
            b"INVITE sip:a SIP/2.0\r\n" + b"X: y\r\n" * 1000,
            b"A" * 70_000,
            invite.replace(b"SIP/2.0/UDP", b"SIP/9.9/UDP"),
            invite.replace(b":20000;", b":99999;").replace(b";rport", b""),
            invite.replace(b"Content-Length: ", b"Content-Length: 99"),
        ):
            peer.send(data)
        await answered(peer)

        assert len(owner.calls) == 1

    play(story)


def _mutations() -> st.SearchStrategy[bytes]:
    peer = Peer(SERVER)
    peer.address = ("127.0.0.1", 20_000)
    bases = [
        bytes(peer.make(method, sdp=OFFER, headers={"Supported": "timer", "Session-Expires": "99"}))
        for method in ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "UPDATE", "NOTIFY", "X")
    ]
    bases.append(bytes(peer.reply(peer.make("INVITE"), 200)))

    def change(base: bytes, cuts: list[tuple[int, int, bytes]]) -> bytes:
        for start, length, new in cuts:
            at = start % len(base)
            base = base[:at] + new + base[at + length :] or b"x"
        return base

    cut = st.tuples(
        st.integers(0, 2000),
        st.integers(0, 12),
        st.one_of(
            st.binary(max_size=6),
            st.sampled_from(
                [b"\r\n", b";", b'"', b"<", b">", b":", b"=", b",", b"99999", b" ", b"/"]
            ),
        ),
    )
    return st.builds(change, st.sampled_from(bases), st.lists(cut, max_size=8))


@settings(max_examples=400, deadline=None)
@given(datagrams=st.lists(st.one_of(st.binary(max_size=200), _mutations()), max_size=12))
def test_no_datagram_raises_anything(datagrams: list[bytes]) -> None:
    failures: list[dict[str, object]] = []

    async def main() -> None:
        network().set_exception_handler(lambda _, context: failures.append(context))
        chosen = SipSettings(tcp_port=None)
        async with SipServer(chosen, VirtualClock(), Owner()), Peer(SERVER) as peer:
            for data in datagrams:
                peer.send(data)
            await asyncio.sleep(100)

    run_on_network(main())

    assert failures == []
