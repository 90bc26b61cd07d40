"""The official Python package, unmodified, in a translation session with a served double."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import openai
import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.translations.translations import AsyncTranslationsConnection
from openai.types.realtime.realtime_translation_server_event import RealtimeTranslationServerEvent

from tests.recordings import FOLDER, recording
from tests.served import served
from vivavoce.media.pcm import BYTES_PER_MS, silence
from vivavoce.media.wav import read_wav
from vivavoce.testing.http_engines import HttpRequests, HttpScript, http_engines

SCRIPT = """
[[turns]]
hears = "Guten Morgen."
translations = { en = "Good morning.", fr = "Bonjour." }

[[turns]]
hears = "Wie geht es?"
translations = { fr = "Ça va ?" }
fail_after_s = 0
fault_in = "translation"

[[turns]]
hears = "Danke."
translations = { fr = "Merci." }
"""
HTTP_CONFIG = """
[engines.turn_judge]
use = "none"

[engines.transcriber]
use = "openai-http"
base_url = "{url}"
model = "m"

[engines.language_model]
use = "chat-completions"
base_url = "{url}"
model = "m"

[engines.synthesizer]
use = "openai-http"
base_url = "{url}"
model = "m"
"""
FRAME_BYTES = 200 * BYTES_PER_MS


@asynccontextmanager
async def connected(
    tmp_path: Path,
) -> AsyncIterator[tuple[AsyncOpenAI, AsyncTranslationsConnection]]:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT)
    async with (
        asyncio.timeout(30),
        served("--scripted", str(script), VIVAVOCE_HOME=str(tmp_path)) as (url, _),
        AsyncOpenAI(base_url=url, api_key="any") as client,
        client.realtime.translations.connect(model="gpt-realtime-translate") as connection,
    ):
        yield client, connection


async def speak(connection: AsyncTranslationsConnection, sound: bytes) -> None:
    for start in range(0, len(sound), FRAME_BYTES):
        audio = base64.b64encode(sound[start : start + FRAME_BYTES]).decode()
        await connection.session.input_audio_buffer.append(audio=audio)


async def until_closed(
    connection: AsyncTranslationsConnection,
) -> list[RealtimeTranslationServerEvent]:
    await connection.session.close()
    received = []
    async for event in connection:
        received.append(event)
        if event.type == "session.closed":
            break
    return received


def text_of(events: list[RealtimeTranslationServerEvent], kind: Literal["input", "output"]) -> str:
    said: dict[str, str] = {"input": "", "output": ""}
    for event in events:
        if event.type == "session.input_transcript.delta":
            said["input"] += event.delta
        elif event.type == "session.output_transcript.delta":
            said["output"] += event.delta
    return said[kind]


async def test_speech_is_translated_with_both_transcripts(tmp_path: Path) -> None:
    utterance = recording("cards-001").data + silence(700).data
    async with connected(tmp_path) as (_, connection):
        await connection.session.update(
            session={
                "audio": {
                    "input": {"transcription": {"model": "gpt-realtime-whisper"}},
                    "output": {"language": "fr"},
                }
            }
        )
        await speak(connection, 3 * utterance)
        events = await until_closed(connection)

    assert [event.type for event in events[:2]] == ["session.created", "session.updated"]
    assert text_of(events, "input") == "Guten Morgen. Wie geht es? Danke."
    assert text_of(events, "output") == "Bonjour. Merci."  # the second one failed, by script
    assert [event.error.code for event in events if event.type == "error"] == ["engine_error"]
    sounds = [
        base64.b64decode(event.delta)
        for event in events
        if event.type == "session.output_audio.delta"
    ]
    assert {len(sound) for sound in sounds} == {FRAME_BYTES}


async def test_a_client_secret_starts_a_session_with_its_language(tmp_path: Path) -> None:
    async with connected(tmp_path) as (client, _):
        secret = await client.realtime.translations.client_secrets.create(
            session={"model": "gpt-realtime-translate", "audio": {"output": {"language": "fr"}}}
        )
        async with (
            AsyncOpenAI(base_url=client.base_url, api_key=secret.value) as bearer,
            bearer.realtime.translations.connect(model="gpt-realtime-translate") as connection,
        ):
            created = await connection.recv()

    assert secret.value.startswith("ek_")
    assert secret.session.type == "translation"
    assert created.type == "session.created"
    assert created.session.audio.output is not None
    assert created.session.audio.output.language == "fr"


async def test_an_unknown_language_is_refused_when_a_key_is_minted(tmp_path: Path) -> None:
    async with connected(tmp_path) as (client, _):
        with pytest.raises(openai.BadRequestError, match="language code"):
            await client.realtime.translations.client_secrets.create(
                session={"model": "gpt-realtime-translate", "audio": {"output": {"language": "?"}}}
            )


async def test_http_engines_translate_into_any_language(tmp_path: Path) -> None:
    requests = HttpRequests()
    script = HttpScript(transcript="Good morning.", answer="Καλημέρα σας.")
    async with asyncio.timeout(60), http_engines(script, requests=requests) as engines:
        config = tmp_path / "config.toml"
        config.write_text(HTTP_CONFIG.format(url=engines))
        async with (
            served("--config", str(config), VIVAVOCE_HOME=str(tmp_path)) as (url, _),
            AsyncOpenAI(base_url=url, api_key="any") as client,
            client.realtime.translations.connect(model="gpt-realtime-translate") as connection,
        ):
            await connection.session.update(session={"audio": {"output": {"language": "el"}}})
            await speak(connection, recording("cards-001").data + silence(700).data)
            events = await until_closed(connection)

    assert text_of(events, "output") == "Καλημέρα σας."
    assert text_of(events, "input") == ""  # the client did not ask
    assert any(event.type == "session.output_audio.delta" for event in events)
    (prompt,) = [body["messages"] for body in requests.bodies if "messages" in body]
    assert "translation into Greek" in str(prompt)
    assert "Good morning." in str(prompt)


@pytest.mark.models
@pytest.mark.timeout(200)
async def test_the_bundled_engines_translate_spanish() -> None:
    sound = read_wav(FOLDER / "spanish-sister.wav").data + silence(700).data
    async with (
        asyncio.timeout(180),
        served("--profile", "light") as (url, _),
        AsyncOpenAI(base_url=url, api_key="any") as client,
        client.realtime.translations.connect(model="gpt-realtime-translate") as connection,
    ):
        await connection.session.update(
            session={"audio": {"input": {"transcription": {"model": "whisper-1"}}}}
        )
        await connection.session.update(session={"audio": {"output": {"language": "fr"}}})
        await speak(connection, sound)
        events = await until_closed(connection)

    (refusal,) = [event.error for event in events if event.type == "error"]
    assert refusal.message == "Invalid value: 'fr'. Supported values are: 'en'."
    assert "hermana" in text_of(events, "input")
    assert "sister works" in text_of(events, "output")
    assert sum(event.type == "session.output_audio.delta" for event in events) > 5
