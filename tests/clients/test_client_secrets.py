"""Ephemeral keys and stored prompts with the official Python package, against a served double."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI, AuthenticationError, BadRequestError, PermissionDeniedError

from tests.served import served

SCRIPT = """
[[turns]]
answer = "Paris."
"""
KEY = "standard-key-of-the-operator"


def arguments(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "script.toml").write_text(SCRIPT)
    return {"VIVAVOCE_HOME": str(tmp_path), "VIVAVOCE_API_KEYS": KEY}


async def created(url: str, key: str, **connect: Any) -> Any:
    """Return the session of `session.created`."""
    async with (
        AsyncOpenAI(base_url=url, api_key=key) as client,
        client.realtime.connect(**connect) as connection,
    ):
        event: Any = await connection.recv()
        assert event.type == "session.created", event
        return event.session


async def test_a_key_and_its_session_survive_a_restart_of_the_server(tmp_path: Path) -> None:
    environment = arguments(tmp_path)
    script = str(tmp_path / "script.toml")
    async with asyncio.timeout(60):
        async with (
            served("--scripted", script, **environment) as (url, _),
            AsyncOpenAI(base_url=url, api_key=KEY) as client,
        ):
            await client.post(
                "/prompts", body={"id": "guide", "instructions": "Guide {{who}}."}, cast_to=object
            )
            made = await client.realtime.client_secrets.create(
                expires_after={"anchor": "created_at", "seconds": 600},
                session={
                    "type": "realtime",
                    "model": "gpt-realtime-mini",
                    "prompt": {"id": "guide", "variables": {"who": "Ada"}},
                    "output_modalities": ["text"],
                },
            )
            assert made.session.type == "realtime"
            assert made.session.instructions == "Guide Ada."
        async with served("--scripted", script, **environment) as (url, _):
            session = await created(url, made.value, model="gpt-realtime")
            with pytest.raises(PermissionDeniedError):
                async with AsyncOpenAI(base_url=url, api_key=made.value) as holder:
                    await holder.realtime.client_secrets.create()

    assert session.instructions == "Guide Ada."
    assert session.output_modalities == ["text"]
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("store.sqlite*"))  # noqa: ASYNC240 - nothing else runs now
    assert made.value.encode() not in stored
    assert KEY.encode() not in stored


async def test_what_is_wrong_raises_what_the_package_has_for_it(tmp_path: Path) -> None:
    environment = arguments(tmp_path)
    async with (
        asyncio.timeout(60),
        served("--scripted", str(tmp_path / "script.toml"), **environment) as (url, _),
        AsyncOpenAI(base_url=url, api_key=KEY) as client,
        AsyncOpenAI(base_url=url, api_key="ek_unknown") as stranger,
    ):
        with pytest.raises(BadRequestError) as refusal:
            await client.realtime.client_secrets.create(
                session={"type": "realtime", "audio": {"output": {"speed": 9}}}
            )
        with pytest.raises(AuthenticationError):
            await stranger.realtime.client_secrets.create()
        beta: Any = await client.beta.realtime.sessions.create(voice="alloy")
        heard: Any = await client.beta.realtime.transcription_sessions.create(
            input_audio_transcription={"model": "whisper-1"}
        )

    assert refusal.value.param == "session.audio.output.speed"
    assert beta.client_secret.value.startswith("ek_")
    assert heard.client_secret.value.startswith("ek_")
