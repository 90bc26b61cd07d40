"""The door of the WebSocket, over real sockets: who comes in, and how others are refused."""

import asyncio
import logging
from pathlib import Path

import aiohttp
import pytest

from tests.api.server import served
from vivavoce.runtime.recorder import open_recordings
from vivavoce.runtime.replay import replay


async def test_the_first_event_is_session_created_with_the_model_asked_for() -> None:
    async with served() as server, server.socket("model=gpt-4o-realtime-preview") as socket:
        event = await socket.receive()

    assert event["type"] == "session.created"
    assert event["session"]["model"] == "gpt-4o-realtime-preview"  # type: ignore[index]  # JSON


async def test_without_a_model_the_default_answers() -> None:
    async with served() as server, server.socket("") as socket:
        event = await socket.receive()

    assert event["session"]["model"] == "gpt-realtime"  # type: ignore[index]  # JSON


async def test_an_unknown_model_is_refused_after_the_upgrade() -> None:
    async with served() as server, server.socket("model=gpt-9") as socket:
        event = await socket.receive()
        close = await socket.closed()

    assert event["error"]["code"] == "model_not_found"  # type: ignore[index]  # JSON
    assert close == (4000, "invalid_request_error.model_not_found")


@pytest.mark.parametrize(
    ("query", "headers", "protocols"),
    [
        ("", {"Authorization": "Bearer right"}, ()),
        ("", {}, ("realtime", "openai-insecure-api-key.right")),
        ("api_key=right", {}, ()),
    ],
)
async def test_a_key_opens_wherever_it_is_shown(
    query: str, headers: dict[str, str], protocols: tuple[str, ...]
) -> None:
    async with (
        served(keys=("other", "right")) as server,
        server.socket(query, headers=headers, protocols=protocols) as socket,
    ):
        assert (await socket.receive())["type"] == "session.created"


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer wrong"}, {}])
async def test_a_wrong_key_in_a_header_or_none_at_all_is_refused_before_the_upgrade(
    headers: dict[str, str],
) -> None:
    async with served(keys=("right",)) as server:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            async with server.socket(headers=headers):
                pass

    assert refusal.value.status == 401


@pytest.mark.parametrize(
    ("query", "protocols"),
    [
        ("", ("realtime", "openai-insecure-api-key.wrong")),
        ("", ("realtime",)),
        ("api_key=wrong", ()),
    ],
)
async def test_a_wrong_key_from_a_browser_is_refused_after_the_upgrade(
    query: str, protocols: tuple[str, ...]
) -> None:
    async with (
        served(keys=("right",)) as server,
        server.socket(query, protocols=protocols) as socket,
    ):
        event = await socket.receive()
        close = await socket.closed()

    assert event["error"]["code"] == "invalid_api_key"  # type: ignore[index]  # JSON
    assert close == (3000, "invalid_request_error.invalid_api_key")


async def test_only_realtime_is_chosen_of_the_subprotocols_offered() -> None:
    offered = ("openai-insecure-api-key.secret", "realtime")
    async with served() as server, server.socket(protocols=offered) as socket:
        assert socket.connection.protocol == "realtime"


async def test_a_key_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="vivavoce")
    offered = ("openai-insecure-api-key.s3cret",)
    async with served() as server, server.socket("api_key=s3cret", protocols=offered) as socket:
        await socket.receive()
        assert socket.connection.protocol is None

    assert caplog.records
    assert "s3cret" not in caplog.text


# --- pages from elsewhere ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example:80", "Origin": "http://localhost.evil.example:80"},
    ],
)
async def test_without_keys_a_page_from_elsewhere_is_refused(headers: dict[str, str]) -> None:
    async with served() as server:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            async with server.socket(headers=headers):
                pass
        answer = await server.http.get(f"{server.url}/v1/models", headers=headers)

    assert (refusal.value.status, answer.status) == (403, 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://[::1]:3000"},
        {"Host": "192.168.1.5:8080", "Origin": "http://192.168.1.5:8080"},
    ],
)
async def test_without_keys_pages_of_this_machine_are_served(headers: dict[str, str]) -> None:
    async with served() as server, server.socket(headers=headers) as socket:
        assert (await socket.receive())["type"] == "session.created"


async def test_with_keys_origins_are_free() -> None:
    headers = {"Origin": "https://shop.example", "Authorization": "Bearer right"}
    async with served(keys=("right",)) as server, server.socket(headers=headers) as socket:
        assert (await socket.receive())["type"] == "session.created"


# --- room -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("max_sessions", "is_ready"), [(0, True), (1, False)])
async def test_without_room_or_engines_a_session_is_refused(
    max_sessions: int, is_ready: bool
) -> None:
    async with served(max_sessions=max_sessions, is_ready=is_ready) as server:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            async with server.socket():
                pass

    assert refusal.value.status == 503


async def test_a_shutdown_says_going_away() -> None:
    async with served() as server, server.socket() as socket:
        await socket.receive()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.gateway.directory.drain(5))
            code, _ = await socket.closed()

    assert code == 1001


# --- looking on -------------------------------------------------------------------------------


async def test_a_recorded_session_replays_to_the_same_events(tmp_path: Path) -> None:
    with open_recordings(tmp_path, with_sound=False) as recordings:
        async with served(recordings=recordings) as server, server.socket() as socket:
            loud = b"EBAQ" + b"EBAQ" * 12_000
            await socket.send({"type": "input_audio_buffer.append", "audio": loud.decode()})
            await socket.send({"type": "input_audio_buffer.append", "audio": "AAAA" * 9_000})
            await socket.received("response.done")

    (path,) = tmp_path.iterdir()  # noqa: ASYNC240 - nothing else runs now
    steps = list(replay(path))
    assert len(steps) > 10
    assert all(step.agrees for step in steps)


async def test_an_answer_is_counted_and_timed() -> None:
    async with served() as server, server.socket("extensions=1") as socket:
        await socket.send({"type": "input_audio_buffer.append", "audio": "EBAQ" * 12_000})
        await socket.send({"type": "input_audio_buffer.append", "audio": "AAAA" * 9_000})
        await socket.received("vivavoce.turn.timing")
        await socket.received("response.done")
        text = await (await server.http.get(f"{server.url}/metrics")).text()

    assert "vivavoce_sessions_open 1.0" in text
    assert "vivavoce_first_audio_seconds_count 1.0" in text
    assert 'vivavoce_responses_total{status="completed"} 1.0' in text
