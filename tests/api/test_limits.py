"""Limits of a key, over real sockets."""

from typing import Any

import aiohttp
import pytest

from tests.api.server import Event, Socket, served
from tests.runtime.fakes import until
from vivavoce.api.auth import key_id_of
from vivavoce.config_tables import Config, Limit, LimitsConfig, OwnLimitsConfig

KEYS = ("sk-desk", "sk-mobile")
NAMES = {"sk-desk": "desk", "sk-mobile": "mobile"}
ONE_SESSION = Config(limits=LimitsConfig(sessions=1))
CREATE: Event = {"type": "response.create"}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def limited(requests_per_minute: Limit = "none", tokens_per_minute: Limit = "none") -> Config:
    return Config(
        limits=LimitsConfig(
            requests_per_minute=requests_per_minute, tokens_per_minute=tokens_per_minute
        )
    )


async def answered(socket: Socket) -> Event:
    """Ask for an answer and wait for its end."""
    await socket.send(CREATE)
    return await socket.received("response.done")


def error_of(done: Event) -> Event:
    error: Event = done["response"]["status_details"]["error"]  # type: ignore[index]  # JSON
    return error


# --- sessions at once -------------------------------------------------------------------------


async def test_one_session_too_many_is_refused_before_the_upgrade() -> None:
    async with (
        served(keys=KEYS, config=ONE_SESSION) as server,
        server.socket(headers=bearer("sk-desk")) as first,
    ):
        await first.receive()
        answer = await server.http.get(
            f"{server.url}/v1/realtime",
            headers={**bearer("sk-desk"), "Connection": "Upgrade", "Upgrade": "websocket"},
        )
        body = await answer.json()

    assert answer.status == 429
    assert answer.headers["Retry-After"] == "5"
    assert (body["error"]["type"], body["error"]["code"]) == (
        "rate_limit_error",
        "rate_limit_exceeded",
    )


async def test_a_browser_reads_the_refusal_on_the_socket() -> None:
    protocols = ("realtime", "openai-insecure-api-key.sk-desk")
    async with (
        served(keys=KEYS, config=ONE_SESSION) as server,
        server.socket(protocols=protocols) as first,
    ):
        await first.receive()
        async with server.socket(protocols=protocols) as second:
            event = await second.receive()
            close = await second.closed()

    assert event["error"]["code"] == "rate_limit_exceeded"  # type: ignore[index]  # JSON
    assert close == (1013, "rate_limit_error.rate_limit_exceeded")


async def test_a_session_that_ends_makes_room() -> None:
    async with served(keys=KEYS, config=ONE_SESSION) as server:
        for _ in range(2):
            async with server.socket(headers=bearer("sk-desk")) as socket:
                assert (await socket.receive())["type"] == "session.created"
            account = server.gateway.accounts.of(key_id_of("sk-desk"))
            await until(lambda: account.has_room)  # noqa: B023 - waited for right here


async def test_another_key_is_not_concerned_and_may_have_limits_of_its_own() -> None:
    config = Config(limits=LimitsConfig(sessions=1, keys={"mobile": OwnLimitsConfig(sessions=2)}))
    async with (
        served(keys=KEYS, key_names=NAMES, config=config) as server,
        server.socket(headers=bearer("sk-desk")),
        server.socket(headers=bearer("sk-mobile")),
        server.socket(headers=bearer("sk-mobile")) as third,
    ):
        assert (await third.receive())["type"] == "session.created"


async def test_without_keys_all_clients_are_one() -> None:
    async with served(config=ONE_SESSION) as server, server.socket(headers=bearer("one")) as first:
        await first.receive()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            async with server.socket(headers=bearer("two")):
                pass

    assert refusal.value.status == 429


# --- requests and tokens ----------------------------------------------------------------------


async def test_without_limits_no_limits_are_reported() -> None:
    async with served() as server, server.socket() as socket:
        await answered(socket)
        await socket.send({"type": "input_audio_buffer.clear"})

        assert (await socket.receive())["type"] == "input_audio_buffer.cleared"


async def test_what_is_left_is_reported_behind_each_answer() -> None:
    config = limited(requests_per_minute=5, tokens_per_minute=1000)
    async with served(config=config) as server, server.socket() as socket:
        await answered(socket)
        event = await socket.receive()

    assert event["type"] == "rate_limits.updated"
    limits: Any = event["rate_limits"]
    assert [limit["name"] for limit in limits] == ["requests", "tokens"]
    assert (limits[0]["limit"], limits[0]["remaining"]) == (5, 4)
    assert 900 < limits[1]["remaining"] < 1000
    assert limits[1]["reset_seconds"] > 0


async def test_an_answer_beyond_the_limit_ends_as_failed_and_the_session_goes_on() -> None:
    async with served(config=limited(requests_per_minute=1)) as server, server.socket() as socket:
        first = await answered(socket)
        second = await answered(socket)
        report = await socket.received("rate_limits.updated")
        await socket.send({"type": "input_audio_buffer.clear"})
        after = await socket.received("input_audio_buffer.cleared")

    assert first["response"]["status"] == "completed"  # type: ignore[index]  # JSON
    assert error_of(second)["type"] == "requests"
    assert error_of(second)["code"] == "rate_limit_exceeded"
    assert second["response"]["usage"]["total_tokens"] == 0  # type: ignore[index]  # JSON
    assert report["rate_limits"][0]["remaining"] == 0  # type: ignore[index]  # JSON
    assert after
    assert server.fakes.responder.n_started == 1


async def test_tokens_run_out_too() -> None:
    async with served(config=limited(tokens_per_minute=1)) as server, server.socket() as socket:
        await answered(socket)
        second = await answered(socket)

    assert error_of(second)["type"] == "tokens"


async def test_sessions_of_a_key_share_what_is_left_and_other_keys_do_not() -> None:
    async with (
        served(keys=KEYS, config=limited(requests_per_minute=1)) as server,
        server.socket(headers=bearer("sk-desk")) as one,
        server.socket(headers=bearer("sk-desk")) as same,
        server.socket(headers=bearer("sk-mobile")) as other,
    ):
        statuses = [
            (await answered(socket))["response"]["status"]  # type: ignore[index]  # JSON
            for socket in (one, same, other)
        ]

    assert statuses == ["completed", "failed", "completed"]


async def test_a_limit_is_no_failure_of_an_engine() -> None:
    async with served(config=limited(requests_per_minute=1)) as server, server.socket() as socket:
        await answered(socket)
        await answered(socket)
        metrics = await (await server.http.get(f"{server.url}/metrics")).text()

    assert 'vivavoce_responses_total{status="failed"} 1.0' in metrics
    assert "vivavoce_engine_failures_total{" not in metrics


async def test_a_beta_client_is_told_when_the_answer_begins() -> None:
    async with (
        served(config=limited(requests_per_minute=5)) as server,
        server.socket(headers={"OpenAI-Beta": "realtime=v1"}) as socket,
    ):
        await socket.send(CREATE)
        await socket.received("response.created")
        event = await socket.receive()

    assert event["type"] == "rate_limits.updated"
