"""A telephone calls a served process, as a user's would."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.api.webhook_receiver import SECRET, receiving
from tests.phone import calling
from tests.recordings import recording
from tests.served import served
from vivavoce.transports.rtp.settings import CodecName
from vivavoce.transports.sip.events import Answered, Ended

SCRIPT = Path(__file__).parent / "script.toml"


@asynccontextmanager
async def telephone(
    home: Path, tables: str
) -> AsyncIterator[tuple[str, str, asyncio.subprocess.Process]]:
    """Serve with a telephone; yield base URL, SIP address and process."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = home / "vivavoce.toml"
    config.write_text(
        f'[sip]\nudp_port = {port}\ntcp_port = "none"\n'
        f"[rtp]\nfirst_port = 35000\nlast_port = 35400\n{tables}"
    )
    arguments = ("--config", str(config), "--scripted", str(SCRIPT))
    async with served(*arguments, VIVAVOCE_HOME=str(home), HOOK=SECRET) as (url, process):
        yield url, f"sip:shop@127.0.0.1:{port}", process


@pytest.mark.parametrize("codec", ["pcmu", "pcma", "g722", "opus"])
async def test_a_caller_is_greeted_and_answered_with_no_application(
    tmp_path: Path, codec: CodecName
) -> None:
    answer = '[telephone.answer]\ngreeting = "Say the capital of France."\n'
    async with (
        telephone(tmp_path, answer) as (_, uri, _),
        calling(uri, codecs=(codec,)) as phone,
    ):
        await phone.happened(Answered)
        await phone.heard_sound(1.0)
        await asyncio.sleep(1.5)  # the greeting's end
        phone.say(recording("goforward").data)
        await phone.heard_sound(0.5)
        phone.leg.hangup()
        assert await phone.happened(Ended) == Ended("hangup")


async def test_an_application_takes_a_call_with_the_official_client(tmp_path: Path) -> None:
    async with receiving() as receiver:
        hook = f'[[webhooks]]\nurl = "{receiver.url}"\nsecret_env = "HOOK"\n'
        async with (
            telephone(tmp_path, hook) as (url, uri, _),
            calling(uri) as phone,
            AsyncOpenAI(api_key="any", base_url=url) as client,
        ):
            await receiver.received(1)
            verifier = OpenAI(api_key="any", webhook_secret=SECRET)
            event = verifier.webhooks.unwrap(receiver.bodies[0], receiver.headers[0])
            assert event.type == "realtime.call.incoming"
            call_id = event.data.call_id
            await client.realtime.calls.accept(call_id, type="realtime", model="gpt-realtime")
            async with client.realtime.connect(call_id=call_id) as sideband:
                assert (await sideband.recv()).type == "session.created"
                await sideband.response.create(response={"instructions": "capital of France"})
                await phone.heard_sound(0.5)
                phone.say(recording("goforward").data)
                while (await sideband.recv()).type != "input_audio_buffer.speech_stopped":
                    pass
                await client.realtime.calls.hangup(call_id)
            assert await phone.happened(Ended) == Ended("bye")


async def test_a_server_that_ends_says_goodbye_to_its_callers(tmp_path: Path) -> None:
    async with (
        telephone(tmp_path, "[telephone.answer]\ngreeting = ''\n") as (url, uri, process),
        calling(uri) as phone,
        aiohttp.ClientSession() as http,
    ):
        await phone.happened(Answered)
        process.terminate()
        assert await phone.happened(Ended) == Ended("bye")
        async with asyncio.timeout(5):
            await process.wait()
        with pytest.raises(aiohttp.ClientError):
            await http.get(url)

    assert process.returncode == 0
