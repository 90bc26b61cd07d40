"""Real sockets on loopback: UDP, TCP and TLS, with uvloop as well."""

import asyncio
import contextlib
import shutil
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from tests.transports.sip.calls import Owner
from tests.transports.sip.peer import ANSWER, OFFER, Peer, answered
from vivavoce.clock import Clock
from vivavoce.errors import ConfigError
from vivavoce.tls import self_signed, tls_context
from vivavoce.transports.sip.events import Acknowledged, Answered, Ended
from vivavoce.transports.sip.framing import StreamFraming
from vivavoce.transports.sip.server import SipServer
from vivavoce.transports.sip.settings import SipSettings, SipTrunk

ANY = SipSettings(udp_port=0, tcp_port=0)
SIPP = shutil.which("sipp")


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_call_by_udp(loop_factory: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main() -> None:
        owner = Owner()
        async with SipServer(ANY, Clock(), owner) as server, Peer(server.listening["udp"]) as peer:
            answer = await answered(peer)
            assert answer.text == ANSWER
            assert await owner.next() == Acknowledged(None)
            (await owner.call()).hangup()
            peer.send(peer.reply(await peer.request("BYE"), 200))
            assert await owner.next() == Ended("hangup")

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())


async def test_a_way_back_without_rport_is_the_port_in_the_via() -> None:
    async with SipServer(ANY, Clock(), Owner()) as server:
        to = server.listening["udp"]
        async with Peer(to) as sender, Peer(to) as listener:
            request = sender.make("OPTIONS")
            request.headers.set_single(
                "Via", f"SIP/2.0/UDP elsewhere:{listener.address[1]};branch=z9hG4bKa"
            )
            sender.send(request)
            response = await listener.response()

            assert response.via[0].received == "127.0.0.1"
            assert sender.received.empty()


def _has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="needs IPv6 on loopback")
async def test_a_call_by_ipv6() -> None:
    owner = Owner()
    settings = SipSettings(host="::1", udp_port=0, tcp_port=None)
    async with (
        SipServer(settings, Clock(), owner) as server,
        Peer(server.listening["udp"], "::1") as peer,
    ):
        host, port = peer.address[:2]
        peer.address = (f"[{host}]", port)
        answer = await answered(peer)
        assert await owner.next() == Acknowledged(None)
        (await owner.call()).hangup()
        peer.send(peer.reply(await peer.request("BYE"), 200))

        assert "@[::1]:" in (answer.headers.get_first("Contact") or "")
        assert await owner.next() == Ended("hangup")


async def test_tcp_answers_pings_and_keeps_to_the_connection() -> None:
    owner = Owner()
    async with SipServer(ANY, Clock(), owner) as server:
        reader, writer = await asyncio.open_connection(*server.listening["tcp"])
        writer.write(b"\r\n\r\n")
        assert await reader.readexactly(2) == b"\r\n"
        peer = Peer(server.listening["tcp"])
        peer.address = ("127.0.0.1", 9)
        data = bytes(peer.make("INVITE", sdp=OFFER)).replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP")
        for byte in range(0, len(data), 50):
            writer.write(data[byte : byte + 50])
            await writer.drain()
        framing = StreamFraming()
        seen: list[bytes] = []
        while not any(message.startswith(b"SIP/2.0 200") for message in seen):
            seen += framing.feed(await reader.read(4096))
        (await owner.call()).hangup()

        assert [message[:11] for message in seen] == [
            b"SIP/2.0 100",
            b"SIP/2.0 180",
            b"SIP/2.0 200",
        ]
        assert b";transport=tcp>" in seen[-1]
        writer.close()
        await writer.wait_closed()


async def test_a_stream_of_nonsense_is_closed() -> None:
    async with SipServer(ANY, Clock(), Owner()) as server:
        reader, writer = await asyncio.open_connection(*server.listening["tcp"])
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.read() == b""
        writer.close()


async def test_connections_beyond_the_limit_are_closed() -> None:
    settings = SipSettings(udp_port=None, tcp_port=0, max_connections=1)
    async with SipServer(settings, Clock(), Owner()) as server:
        first_reader, first = await asyncio.open_connection(*server.listening["tcp"])
        first.write(b"\r\n\r\n")
        await first_reader.readexactly(2)
        reader, second = await asyncio.open_connection(*server.listening["tcp"])
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        first.close()
        second.close()


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_one_server_calls_another_through_a_trunk(tmp_path: Path, transport: str) -> None:
    certificate, key = self_signed(tmp_path, "127.0.0.1")
    trusting = ssl.create_default_context(cafile=str(certificate))
    owner = Owner()
    settings = SipSettings(udp_port=None, tcp_port=0, tls_port=0, users={"us": "plum"}, realm="r")
    locked = SipSettings(
        udp_port=None, tcp_port=0, tls_port=0, users={"us": "plum"}, allowed_sources=()
    )
    async with SipServer(
        locked, Clock(), owner, server_tls=tls_context(certificate, key)
    ) as called:
        port = called.listening["tcp" if transport == "tcp" else "tls"][1]
        trunk = SipTrunk(
            address=f"127.0.0.1:{port};transport={transport}", user="us", password="plum"
        )
        settings = SipSettings(udp_port=None, tcp_port=0, trunks={"t": trunk})
        async with SipServer(settings, Clock(), Owner(), client_tls=trusting) as calling:
            call = await calling.call("100", OFFER, trunk="t")
            events = call.events()
            while not isinstance(event := await anext(events), Answered):
                pass
            assert event == Answered(ANSWER)
            assert await owner.next() == Acknowledged(None)
            assert (await owner.call()).caller.transport == transport
            (await owner.call()).hangup()
            assert await anext(events) == Ended("bye")


async def test_a_trunk_with_a_false_certificate_is_not_called(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, "127.0.0.1")
    settings = SipSettings(udp_port=None, tcp_port=None, tls_port=0)
    tls = tls_context(certificate, key)
    async with SipServer(settings, Clock(), Owner(), server_tls=tls) as called:
        port = called.listening["tls"][1]
        async with SipServer(ANY, Clock(), Owner()) as calling:
            with pytest.raises(Exception, match="can't connect"):
                await calling.call(f"sips:100@127.0.0.1:{port}", OFFER)


async def test_an_address_in_use_and_tls_without_a_certificate_are_the_operators_fault() -> None:
    async with SipServer(ANY, Clock(), Owner()) as server:
        taken = SipSettings(udp_port=None, tcp_port=server.listening["tcp"][1])
        with pytest.raises(ConfigError):
            await SipServer(taken, Clock(), Owner()).__aenter__()
        with pytest.raises(ConfigError):
            await SipServer(SipSettings(tls_port=0), Clock(), Owner()).__aenter__()


@pytest.mark.skipif(SIPP is None, reason="needs sipp (Debian: sip-tester)")
@pytest.mark.parametrize(
    "options",
    [
        ["-r", "50", "-m", "100", "-d", "50"],
        ["-r", "20", "-m", "30", "-d", "50", "-lost", "15"],
        ["-t", "t1", "-r", "50", "-m", "100", "-d", "50"],
    ],
    ids=["udp", "udp that loses 15 percent", "tcp"],
)
async def test_sipp_has_all_its_calls_answered(tmp_path: Path, options: list[str]) -> None:
    settings = SipSettings(udp_port=0, tcp_port=0, max_pending_calls=200)
    async with SipServer(settings, Clock(), Owner()) as server:
        host, port = server.listening["tcp" if "-t" in options else "udp"]
        sipp = await asyncio.create_subprocess_exec(
            SIPP or "",
            *["-sn", "uac", f"{host}:{port}", "-i", host, *options, "-nostdin"],
            *["-timeout", "40s", "-timeout_error"],
            cwd=tmp_path,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert await sipp.wait() == 0
