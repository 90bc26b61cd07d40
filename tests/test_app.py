import asyncio
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.served import served
from vivavoce.app import check_listening, peer_settings
from vivavoce.config import load_config
from vivavoce.errors import ConfigError

SCRIPT = '[[turns]]\nhears = "What is the capital of France?"\nanswer = "Paris."\n'


@asynccontextmanager
async def double(
    tmp_path: Path, *arguments: str
) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT)
    async with served(
        "--scripted", str(script), *arguments, VIVAVOCE_HOME=str(tmp_path)
    ) as running:
        yield running


async def test_a_scripted_server_is_ready_and_ends_when_told(tmp_path: Path) -> None:
    async with double(tmp_path) as (url, process), aiohttp.ClientSession() as client:
        async with client.get(url.removesuffix("/v1") + "/readyz") as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert await process.wait() == 0


async def test_a_session_is_told_goodbye_when_the_server_ends(tmp_path: Path) -> None:
    async with (
        double(tmp_path) as (url, process),
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{url}/realtime?model=gpt-realtime") as socket,
    ):
        await socket.receive()
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == 1001


async def test_a_self_signed_certificate_serves_wss(tmp_path: Path) -> None:
    async with double(tmp_path, "--tls-self-signed") as (url, _):
        trust = ssl.create_default_context(cafile=tmp_path / "tls" / "self-signed.pem")
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(f"{url}/realtime?model=gpt-realtime", ssl=trust) as socket,
        ):
            assert (await socket.receive_json())["type"] == "session.created"


async def test_talk_shows_the_turn_and_saves_the_answer(tmp_path: Path) -> None:
    question = Path(__file__).parent / "audio" / "cards-001.wav"
    async with double(tmp_path) as (url, _):
        talk = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vivavoce", "talk", str(question), "--url", url),
            *("--save", str(tmp_path / "reply.wav")),
            stdout=asyncio.subprocess.PIPE,
        )
        shown, _ = await talk.communicate()

    assert talk.returncode == 0
    assert "you: What is the capital of France?" in shown.decode()
    assert "assistant: Paris." in shown.decode()
    assert "first audio" in shown.decode()
    assert (tmp_path / "reply.wav").stat().st_size > 1000


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "example.com", "::"])
def test_without_keys_other_addresses_than_loopback_are_refused(host: str) -> None:
    loaded = load_config(flags={"server.host": host}, environment={})

    with pytest.raises(ConfigError) as raised:
        check_listening(loaded)

    assert raised.value.path == "server.host"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_without_keys_loopback_is_fine(host: str) -> None:
    check_listening(load_config(flags={"server.host": host}, environment={}))


def test_with_keys_any_address_is_fine() -> None:
    check_listening(load_config(flags={"server.host": "0.0.0.0"}, api_keys=("k",), environment={}))


async def test_a_script_can_drop_the_connection(tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    script.write_text('[[turns]]\nwhen = "go"\nanswer = "Bye."\ndrop_connection_after_s = 0.0\n')
    content = [{"type": "input_text", "text": "go"}]
    item = {"type": "message", "role": "user", "content": content}
    async with (
        served("--scripted", str(script), VIVAVOCE_HOME=str(tmp_path)) as (url, _),
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{url}/realtime?model=gpt-realtime") as socket,
    ):
        await socket.send_json({"type": "conversation.item.create", "item": item})
        await socket.send_json({"type": "response.create"})
        async with asyncio.timeout(10):
            async for _ in socket:
                pass

        assert socket.close_code == 1006


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"webrtc.advertised_addresses": ("example.com",)}, "webrtc.advertised_addresses"),
        ({"webrtc.udp_port_range": (50_100, 50_000)}, "webrtc.udp_port_range"),
    ],
)
def test_addresses_and_ports_of_calls_are_checked_at_the_start(
    settings: dict[str, object], path: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        peer_settings(load_config(flags=settings, environment={}).config)
    assert refused.value.path == path


def test_addresses_and_ports_of_calls_reach_the_media_engine() -> None:
    settings = {
        "webrtc.advertised_addresses": ("203.0.113.7", "2001:db8::1"),
        "webrtc.udp_port_range": (50_000, 50_100),
    }
    told = peer_settings(load_config(flags=settings, environment={}).config)
    assert told.advertised_addresses == ("203.0.113.7", "2001:db8::1")
    assert told.port_range == (50_000, 50_100)
