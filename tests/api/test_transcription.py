"""Which connections start transcription sessions, over real sockets."""

import pytest

from tests.api.server import served


async def test_an_intent_without_a_model_starts_a_transcription_session() -> None:
    async with served() as server, server.socket("intent=transcription") as socket:
        event = await socket.receive()

    session = event["session"]
    assert isinstance(session, dict)
    assert session["type"] == "transcription"
    assert session["object"] == "realtime.transcription_session"
    assert "model" not in session


async def test_where_a_model_is_named_the_session_is_a_conversation() -> None:
    query = "intent=transcription&model=gpt-realtime"
    update: dict[str, object] = {"type": "session.update", "session": {"type": "transcription"}}
    async with served() as server, server.socket(query) as socket:
        created = await socket.receive()
        await socket.send(update)
        refused = await socket.receive()

    assert created["session"]["type"] == "realtime"  # type: ignore[index]  # JSON
    assert refused["error"]["code"] == "invalid_parameter"  # type: ignore[index]  # JSON
    assert refused["error"]["param"] == "session"  # type: ignore[index]  # JSON


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ("intent=translation", "invalid_value", "intent"),
        ("intent=transcription&model=whisper-1", "invalid_model", "model"),
        ("model=gpt-4o-transcribe", "invalid_model", "model"),
        ("intent=transcription&model=gpt-9", "model_not_found", None),
    ],
)
async def test_what_cannot_be_used_for_the_intent_is_refused_and_closed(
    query: str, code: str, param: str | None
) -> None:
    async with served() as server, server.socket(query) as socket:
        event = await socket.receive()
        close = await socket.closed()

    assert event["error"]["code"] == code  # type: ignore[index]  # JSON
    assert event["error"]["param"] == param  # type: ignore[index]  # JSON
    assert close == (4000, f"invalid_request_error.{code}")
