"""A foreign telephone, baresip, calls a served process."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.api.webhook_receiver import SECRET, Receiver, receiving
from tests.baresip import Baresip, Codec, Encryption, Transport, baresip, free_port
from tests.clients.sidebands import Sideband
from tests.served import served

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parent / "script.toml"
ANSWER = "[telephone.answer]\ngreeting_line = 'Hello, you have reached Rosebud, we sell roses.'\n"


@asynccontextmanager
async def telephone(
    home: Path, tables: str, *, transport: Transport = "udp", srtp: str = "optional"
) -> AsyncIterator[tuple[str, str]]:
    """Serve with a telephone; yield base URL and SIP address."""
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    port, config = free_port(kind), home / "vivavoce.toml"
    ports = {"udp": '"none"', "tcp": '"none"', "tls": '"none"', transport: port}
    lines = [f"{name}_port = {number}" for name, number in ports.items()]
    rtp = f'[rtp]\nfirst_port = 36000\nlast_port = 36400\nsrtp = "{srtp}"\n'
    config.write_text("[sip]\n" + "\n".join(lines) + "\n" + rtp + tables)
    arguments = ["--config", str(config), "--scripted", str(SCRIPT)]
    if transport == "tls":
        arguments.append("--tls-self-signed")
    async with served(*arguments, VIVAVOCE_HOME=str(home), HOOK=SECRET) as (url, _):
        yield url, f"sip:shop@127.0.0.1:{port};transport={transport}"


@asynccontextmanager
async def conversation(
    home: Path, phone: Baresip
) -> AsyncIterator[tuple[aiohttp.ClientSession, str, str, Sideband]]:
    """Let the phone call, accept the call; yield HTTP client, base URL, call id and sideband."""
    async with receiving() as receiver:
        hook = f'[[webhooks]]\nurl = "{receiver.url}"\nsecret_env = "HOOK"\n'
        async with telephone(home, hook) as (url, uri), aiohttp.ClientSession() as http:
            await phone.order("dial", uri)
            call_id = await accept(http, url, receiver)
            await phone.happened("CALL_ESTABLISHED")
            address = f"{url}/realtime?call_id={call_id}&extensions=1"
            async with http.ws_connect(address) as socket_of_sideband:
                sideband = Sideband(socket_of_sideband)
                await sideband.received("session.created")
                yield http, url, call_id, sideband


async def accept(http: aiohttp.ClientSession, url: str, receiver: Receiver) -> str:
    """Accept the call that rings; return its id."""
    await receiver.received(1)
    call_id = str(json.loads(receiver.bodies[0])["data"]["call_id"])
    session = {"type": "realtime", "model": "gpt-realtime"}
    async with http.post(f"{url}/realtime/calls/{call_id}/accept", json=session) as response:
        assert response.status == 200
    return call_id


@pytest.mark.parametrize(
    ("codec", "transport", "encryption"),
    [
        ("pcma", "udp", ""),
        ("g722/16000/1", "tcp", ""),
        ("opus/48000/2", "udp", ""),
        ("pcmu", "tls", "srtp-mand"),
        ("g722/16000/1", "tls", "srtp-mand"),
        ("opus/48000/2", "udp", "dtls_srtp"),
        ("pcmu", "tls", "dtls_srtp"),
    ],
)
async def test_it_hears_the_greeting(
    tmp_path: Path, codec: Codec, transport: Transport, encryption: Encryption
) -> None:
    srtp = "required" if encryption else "optional"
    async with (
        telephone(tmp_path, ANSWER, transport=transport, srtp=srtp) as (_, uri),
        baresip(
            tmp_path / "phone", codec=codec, transport=transport, encryption=encryption
        ) as phone,
    ):
        await phone.order("dial", uri)
        await phone.happened("CALL_ESTABLISHED")
        await phone.heard(1.5)
        assert await phone.codecs() == {codec.partition("/")[0]}
        await phone.order("hangup")


async def test_its_keys_are_told(tmp_path: Path) -> None:
    async with (
        baresip(tmp_path / "phone") as phone,
        conversation(tmp_path, phone) as (_, _, _, sideband),
    ):
        await phone.order("sndcode", "5")
        event = await sideband.received("input_audio_buffer.dtmf_event_received")
        assert event["event"] == "5"


async def test_while_it_holds_nothing_is_said_and_afterwards_the_answer_goes_on(
    tmp_path: Path,
) -> None:
    async with (
        baresip(tmp_path / "phone") as phone,
        conversation(tmp_path, phone) as (_, _, _, sideband),
    ):
        await sideband.say("What is the capital of France?")
        await phone.heard(0.2)
        await phone.order("hold")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.5):  # all of the answer lasts 1.8 s
                await sideband.received("output_audio_buffer.stopped")
        # baresip 1.0.0 is deaf after a hold, also to another baresip: our side tells the rest.
        await phone.order("resume")
        await sideband.received("output_audio_buffer.stopped")


async def test_it_is_transferred_to_a_third_party_and_our_call_ends(tmp_path: Path) -> None:
    async with (
        baresip(tmp_path / "third") as third,
        baresip(tmp_path / "phone") as phone,
        conversation(tmp_path, phone) as (http, url, call_id, sideband),
    ):
        body = {"target_uri": third.address}
        async with http.post(f"{url}/realtime/calls/{call_id}/refer", json=body) as response:
            assert response.status == 200
        await third.happened("CALL_INCOMING")
        trying = await sideband.received("vivavoce.call.transfer")
        await third.order("accept")
        outcome = trying
        while outcome["outcome"] == "trying":
            outcome = await sideband.received("vivavoce.call.transfer")
        assert (outcome["outcome"], outcome["status"]) == ("succeeded", 200)
        await sideband.closed()
        await phone.happened("CALL_ESTABLISHED", times=2)
        await phone.happened("CALL_CLOSED")
        assert (await phone.happened("CALL_CLOSED"))["peeruri"] != third.address
        await third.happened("CALL_ESTABLISHED")


async def test_a_transfer_that_nobody_takes_leaves_the_call_as_it_was(tmp_path: Path) -> None:
    async with (
        baresip(tmp_path / "third") as third,
        baresip(tmp_path / "phone") as phone,
        conversation(tmp_path, phone) as (http, url, call_id, sideband),
    ):
        body = {"target_uri": third.address}
        async with http.post(f"{url}/realtime/calls/{call_id}/refer", json=body) as response:
            assert response.status == 200
        await third.happened("CALL_INCOMING")
        await third.order("hangup")
        outcome = await sideband.received("vivavoce.call.transfer")
        while outcome["outcome"] == "trying":
            outcome = await sideband.received("vivavoce.call.transfer")
        assert (outcome["outcome"], outcome["status"] >= 400) == ("failed", True)
        await phone.order("resume")
        before_s = phone.loud_s()
        await sideband.say("What is the capital of France?")
        await phone.heard(before_s + 1.0)
