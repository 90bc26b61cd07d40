"""Ephemeral keys at the addresses of the Beta dialect."""

from typing import Any

import pytest
from openai.types.beta.realtime import SessionCreateResponse
from openai.types.beta.realtime.transcription_session import TranscriptionSession

from tests.api.server import served

STANDARD = {"Authorization": "Bearer right", "OpenAI-Beta": "assistants=v2"}


async def test_a_key_for_a_conversation_lives_a_minute_and_its_sessions_speak_beta() -> None:
    body = {
        "model": "gpt-4o-realtime-preview",
        "modalities": ["text", "audio"],
        "voice": "alloy",
        "instructions": "From the key.",
        "turn_detection": None,
        "temperature": 0.7,
    }
    async with served(keys=("right",)) as server:
        started = server.gateway.clock.wall()
        answer = await server.http.post(
            f"{server.url}/v1/realtime/sessions", json=body, headers=STANDARD
        )
        made: Any = await answer.json()
        secret = made["client_secret"]
        headers = {"Authorization": f"Bearer {secret['value']}"}
        async with server.socket("", headers=headers) as socket:
            session: Any = (await socket.receive())["session"]

    SessionCreateResponse.model_validate(made, strict=True)
    assert secret["value"].startswith("ek_")
    assert 60 <= secret["expires_at"] - started <= 62
    assert made["expires_at"] == 0
    assert made["modalities"] == ["text", "audio"]
    assert (made["turn_detection"], made["temperature"]) == (None, 0.7)
    for shown in (made, session):
        assert "type" not in shown
        assert shown["object"] == "realtime.session"
        assert shown["model"] == "gpt-4o-realtime-preview"
        assert shown["instructions"] == "From the key."
        assert shown["input_audio_format"] == "pcm16"
        assert shown["temperature"] == 0.7


async def test_a_key_for_a_transcription() -> None:
    body = {
        "input_audio_format": "g711_ulaw",
        "input_audio_transcription": {"model": "whisper-1", "language": "en"},
        "client_secret": {"expires_after": {"anchor": "created_at", "seconds": 120}},
    }
    async with served(keys=("right",)) as server:
        started = server.gateway.clock.wall()
        answer = await server.http.post(
            f"{server.url}/v1/realtime/transcription_sessions", json=body, headers=STANDARD
        )
        made: Any = await answer.json()
        headers = {"Authorization": f"Bearer {made['client_secret']['value']}"}
        async with server.socket("", headers=headers) as socket:
            session: Any = (await socket.receive())["session"]

    TranscriptionSession.model_validate(made, strict=True)
    assert 120 <= made["client_secret"]["expires_at"] - started <= 122
    assert made["id"].startswith("sess_")
    for shown in (made, session):
        assert shown["object"] == "realtime.transcription_session"
        assert shown["input_audio_format"] == "g711_ulaw"
        assert shown["input_audio_transcription"]["language"] == "en"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"voice": "nobody"}, "voice"),
        ({"model": "gpt-9"}, "model"),
        ({"temperature": 2.0}, "temperature"),
        ({"output_modalities": ["text"]}, "output_modalities"),
        (
            {"input_audio_transcription": {"model": "nonsense"}},
            "input_audio_transcription.model",
        ),
        (
            {"client_secret": {"expires_after": {"anchor": "created_at", "seconds": 1}}},
            "client_secret.expires_after.seconds",
        ),
    ],
)
async def test_what_cannot_be_bound_is_refused_by_its_beta_name(
    body: dict[str, object], param: str
) -> None:
    async with served() as server:
        answer = await server.http.post(f"{server.url}/v1/realtime/sessions", json=body)
        error = (await answer.json())["error"]

    assert (answer.status, error["param"]) == (400, param)
    assert "session.audio" not in error["message"]
