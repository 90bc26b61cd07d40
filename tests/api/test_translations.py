"""Translation sessions at their address: who comes in, as what, and what is refused."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from msgspec import structs

from tests.api.server import Served, Socket, served
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.testing.engines import Answer, ScriptedInterpreter

Session = dict[str, dict[str, object]]


@asynccontextmanager
async def translating(
    *, keys: tuple[str, ...] = (), options: TranslationOptions | None = None
) -> AsyncIterator[Served]:
    async with served(keys=keys) as server:
        gateway = server.gateway
        assert gateway.engines is not None
        interpreter = ScriptedInterpreter(lambda _number, _language: Answer(text="Hello."))
        gateway.engines = structs.replace(gateway.engines, interpreter=interpreter)
        gateway.translation = options or TranslationOptions(languages=("en",))
        yield server


@asynccontextmanager
async def socket(
    server: Served, query: str = "", *, key: str | None = None, protocols: tuple[str, ...] = ()
) -> AsyncIterator[Socket]:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    address = f"{server.url}/v1/realtime/translations?{query}"
    async with server.http.ws_connect(address, headers=headers, protocols=protocols) as connection:
        yield Socket(connection)


async def minted(server: Served, body: object, key: str = "k1") -> tuple[int, dict[str, object]]:
    async with server.http.post(
        f"{server.url}/v1/realtime/translations/client_secrets",
        json=body,
        headers={"Authorization": f"Bearer {key}"},
    ) as answer:
        return answer.status, await answer.json()


def code_of(event: dict[str, object]) -> object:
    error = event["error"]
    assert isinstance(error, dict)
    return error["code"]


async def test_speech_goes_in_and_its_translation_comes_out() -> None:
    loud, quiet = b"\x00\x40" * 24_000, bytes(48_000)
    async with translating() as server, socket(server, "model=gpt-realtime-translate") as client:
        await client.received("session.created")
        for sound in (loud, quiet):
            audio = base64.b64encode(sound).decode()
            await client.send({"type": "session.input_audio_buffer.append", "audio": audio})
        text = await client.received("session.output_transcript.delta")
        sound_of_it = await client.received("session.output_audio.delta")
        await client.send({"type": "session.close"})
        await client.received("session.closed")

        assert await client.closed() == (1000, "")

    assert text["delta"] == "Hello."
    assert (sound_of_it["format"], sound_of_it["sample_rate"]) == ("pcm16", 24_000)


async def test_what_only_conversations_know_is_refused_and_the_session_goes_on() -> None:
    async with translating() as server, socket(server) as client:
        await client.send({"type": "response.create"})
        error = await client.received("error")
        await client.send({"type": "session.update", "session": {}})
        await client.received("session.updated")

    assert code_of(error) == "invalid_value"


async def test_the_model_must_be_one_that_translates() -> None:
    async with translating() as server, socket(server, "model=gpt-realtime") as client:
        error = await client.received("error")

        assert await client.closed() == (4000, "invalid_request_error.model_not_found")
    assert code_of(error) == "model_not_found"


async def test_without_a_translator_the_address_says_so() -> None:
    async with served() as server, socket(server) as client:
        assert code_of(await client.received("error")) == "model_not_found"
        assert (await client.closed())[0] == 4000


async def test_a_wrong_key_is_refused_before_the_upgrade_or_where_a_browser_can_read_it() -> None:
    async with translating(keys=("k1",)) as server:
        try:
            async with socket(server, key="wrong"):
                pass
        except aiohttp.WSServerHandshakeError as refused:
            status = refused.status
        async with socket(
            server, protocols=("realtime", "openai-insecure-api-key.wrong")
        ) as client:
            assert code_of(await client.received("error")) == "invalid_api_key"
            assert (await client.closed())[0] == 3000

    assert status == 401


async def test_a_plain_request_is_told_to_upgrade() -> None:
    async with (
        translating() as server,
        server.http.get(f"{server.url}/v1/realtime/translations") as answer,
    ):
        assert answer.status == 426


async def test_a_server_that_is_not_ready_is_busy() -> None:
    async with (
        served(is_ready=False) as server,
        server.http.get(
            f"{server.url}/v1/realtime/translations", headers={"Upgrade": "websocket"}
        ) as answer,
    ):
        assert answer.status == 503


async def test_a_minted_key_brings_its_settings_along() -> None:
    session = {
        "model": "gpt-realtime-translate",
        "audio": {"input": {"transcription": {"model": "whisper-1"}}},
    }
    async with translating(keys=("k1",)) as server:
        status, body = await minted(server, {"session": session})
        key = body["value"]
        assert isinstance(key, str)
        async with socket(server, key=key) as client:
            created = await client.received("session.created")

    assert status == 200
    assert key.startswith("ek_")
    told, begun = body["session"], created["session"]
    assert isinstance(told, dict)
    assert isinstance(begun, dict)
    assert told["type"] == "translation"
    assert begun["audio"] == told["audio"]
    assert begun["audio"]["input"]["transcription"] == {"model": "whisper-1"}


async def test_a_key_for_conversations_starts_no_translation_and_the_other_way_round() -> None:
    async with translating(keys=("k1",)) as server:
        async with server.http.post(
            f"{server.url}/v1/realtime/client_secrets",
            json={},
            headers={"Authorization": "Bearer k1"},
        ) as answer:
            conversation = (await answer.json())["value"]
        _, body = await minted(server, {"session": {"model": "gpt-realtime-translate"}})
        async with socket(server, key=conversation) as client:
            assert code_of(await client.received("error")) == "invalid_value"
        headers = {"Authorization": f"Bearer {body['value']}"}
        async with server.socket(headers=headers) as client:
            assert code_of(await client.received("error")) == "invalid_value"


async def test_what_cannot_be_enacted_is_bound_to_no_key() -> None:
    async with translating(keys=("k1",)) as server:
        answers = [
            await minted(server, {"session": {"model": "gpt-realtime-translate", **session}})
            for session in (
                {"audio": {"output": {"language": "fr"}}},
                {"model": "gpt-realtime"},
                {"voice": "alloy"},
            )
        ]

    assert [(status, code_of(body)) for status, body in answers] == [
        (400, "invalid_value"),
        (400, "model_not_found"),
        (400, "unknown_parameter"),
    ]


async def test_a_key_that_became_impossible_is_refused() -> None:
    session = {"model": "gpt-realtime-translate", "audio": {"output": {"language": "en"}}}
    async with translating(keys=("k1",)) as server:
        _, body = await minted(server, {"session": session})
        server.gateway.translation = TranslationOptions(languages=("fr",), language="fr")
        key = body["value"]
        assert isinstance(key, str)
        async with socket(server, key=key) as client:
            assert code_of(await client.received("error")) == "invalid_value"
