"""Ephemeral keys over real sockets: minted, bound, expired, refused."""

import logging
from typing import Any

import aiohttp
import pytest
from openai.types.realtime import ClientSecretCreateResponse

from tests.api.server import Served, served
from tests.sdk_types import parse_strictly
from vivavoce.clock import Clock

STANDARD = {"Authorization": "Bearer right"}
ADDRESS = "/v1/realtime/client_secrets"


class SetClock(Clock):
    """Its wall time is set by hand."""

    wall_s = 1_000

    def wall(self) -> int:
        return self.wall_s


async def minted(
    server: Served, body: object = None, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    answer = await server.http.post(server.url + ADDRESS, json=body, headers=headers or STANDARD)
    made: dict[str, Any] = await answer.json()
    assert answer.status == 200, made
    return made


def bearer(made: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {made['value']}"}


async def test_a_key_without_wishes_lives_ten_minutes_and_shows_the_default_session() -> None:
    async with served(keys=("right",)) as server:
        server.gateway.clock = SetClock()
        answer = await server.http.post(server.url + ADDRESS, headers=STANDARD)
        made = await answer.json()

    parse_strictly(ClientSecretCreateResponse, made)
    assert made["value"].startswith("ek_")
    assert made["expires_at"] == 1_600
    assert made["session"]["type"] == "realtime"
    assert made["session"]["expires_at"] == 0
    assert made["session"]["id"].startswith("sess_")
    assert made["session"]["audio"]["input"]["turn_detection"]["type"] == "server_vad"


async def test_what_is_bound_shows_in_session_created() -> None:
    bound = {
        "type": "realtime",
        "model": "gpt-realtime-mini",
        "instructions": "From the key.",
        "output_modalities": ["text"],
        "audio": {"input": {"turn_detection": None}},
    }
    async with served(keys=("right",)) as server:
        made = await minted(server, {"session": bound})
        for _ in range(2):  # a key starts several sessions
            async with server.socket("", headers=bearer(made)) as socket:
                session: Any = (await socket.receive())["session"]

    assert session["model"] == "gpt-realtime-mini"
    assert session["instructions"] == "From the key."
    assert session["audio"]["input"]["turn_detection"] is None
    assert session["expires_at"] > 0
    mine = {"id", "expires_at"}
    assert {name: session[name] for name in session if name not in mine} == {
        name: made["session"][name] for name in made["session"] if name not in mine
    }


async def test_the_client_may_still_change_what_is_bound() -> None:
    async with served(keys=("right",)) as server:
        made = await minted(server, {"session": {"type": "realtime", "instructions": "Bound."}})
        async with server.socket("model=gpt-realtime-2", headers=bearer(made)) as socket:
            created: Any = await socket.receive()
            update = {"type": "realtime", "instructions": "Own."}
            await socket.send({"type": "session.update", "session": update})
            updated: Any = await socket.received("session.updated")

    assert created["session"]["model"] == "gpt-realtime-2"
    assert created["session"]["instructions"] == "Bound."
    assert updated["session"]["instructions"] == "Own."


async def test_a_key_of_a_transcription_session_starts_one() -> None:
    transcription = {"model": "gpt-4o-transcribe", "language": "en"}
    bound = {"type": "transcription", "audio": {"input": {"transcription": transcription}}}
    async with served(keys=("right",)) as server:
        made = await minted(server, {"session": bound})
        async with server.socket("", headers=bearer(made)) as socket:
            session: Any = (await socket.receive())["session"]

    parse_strictly(ClientSecretCreateResponse, made)
    for shown in (session, made["session"]):
        assert shown["type"] == "transcription"
        assert shown["object"] == "realtime.transcription_session"
        assert shown["audio"]["input"]["transcription"]["language"] == "en"


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"expires_after": {"anchor": "created_at", "seconds": 9}}, "expires_after.seconds", None),
        ({"expires_after": {"seconds": 7201}}, "expires_after.seconds", None),
        ({"expires_after": {"anchor": "now"}}, "expires_after.anchor", None),
        ({"expires_at": 1}, "expires_at", "unknown_parameter"),
        ({"session": {}}, "session.type", "missing_required_parameter"),
        ({"session": {"type": "other"}}, "session.type", None),
        ({"session": {"type": "realtime", "foo": 1}}, "session.foo", "unknown_parameter"),
        (
            {"session": {"type": "realtime", "temperature": 0.8}},
            "session.temperature",
            "unknown_parameter",
        ),
        (
            {"session": {"type": "realtime", "model": "gpt-9"}},
            "session.model",
            "model_not_found",
        ),
        (
            {"session": {"type": "realtime", "audio": {"output": {"voice": "nobody"}}}},
            "session.audio.output.voice",
            None,
        ),
        (
            {"session": {"type": "realtime", "prompt": {"id": "pmpt_9"}}},
            "session.prompt.id",
            "prompt_not_found",
        ),
        (
            {"session": {"type": "transcription", "instructions": "x"}},
            "session.instructions",
            "unknown_parameter",
        ),
        ([], None, "invalid_json"),
    ],
)
async def test_what_cannot_be_bound_is_refused_by_name(
    body: object, param: str | None, code: str | None
) -> None:
    async with served() as server:
        answer = await server.http.post(server.url + ADDRESS, json=body)
        error = (await answer.json())["error"]

    assert (answer.status, error["param"]) == (400, param)
    assert code in (None, error["code"])


async def test_an_expired_key_starts_nothing() -> None:
    async with served(keys=("right",)) as server:
        clock = server.gateway.clock = SetClock()
        made = await minted(server, {"expires_after": {"seconds": 10}})
        clock.wall_s += 9
        async with server.socket("", headers=bearer(made)) as socket:
            assert (await socket.receive())["type"] == "session.created"
            clock.wall_s += 1
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                async with server.socket("", headers=bearer(made)):
                    pass
            offered = ("realtime", f"openai-insecure-api-key.{made['value']}")
            async with server.socket("", protocols=offered) as browser:
                error: Any = await browser.receive()
                close = await browser.closed()
            await socket.send({"type": "session.update", "session": {"type": "realtime"}})
            assert (await socket.receive())["type"] == "session.updated"  # it lives on

    assert refusal.value.status == 401
    assert error["error"]["code"] == "invalid_api_key"
    assert close == (3000, "invalid_request_error.invalid_api_key")


async def test_without_configured_keys_any_key_mints_but_unknown_ephemeral_ones_open_nothing() -> (
    None
):
    async with served() as server:
        made = await minted(server, headers={"Authorization": "Bearer whatever"})
        async with server.socket("", headers=bearer(made)) as socket:
            assert (await socket.receive())["type"] == "session.created"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            async with server.socket("", headers={"Authorization": "Bearer ek_unknown"}):
                pass

    assert refusal.value.status == 401


@pytest.mark.parametrize(
    "address", [ADDRESS, "/v1/realtime/sessions", "/v1/realtime/transcription_sessions"]
)
async def test_only_a_standard_key_mints(address: str) -> None:
    async with served(keys=("right",)) as server:
        made = await minted(server)
        with_ephemeral = await server.http.post(server.url + address, headers=bearer(made))
        with_none = await server.http.post(server.url + address)
        body = await with_ephemeral.json()

    assert (with_ephemeral.status, with_none.status) == (403, 401)
    assert body["error"]["code"] == "insufficient_permissions"


async def test_a_key_ends_with_the_standard_key_that_minted_it() -> None:
    async with served(keys=("right",)) as server:
        made = await minted(server)
        server.gateway.keys = type(server.gateway.keys)(("other",))
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            async with server.socket("", headers=bearer(made)):
                pass

    assert refusal.value.status == 401


async def test_the_safety_identifier_is_logged_with_the_session_and_the_key_never(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="vivavoce")
    async with served(keys=("right",)) as server:
        made = await minted(server, headers=STANDARD | {"OpenAI-Safety-Identifier": "user-7"})
        spoofed = bearer(made) | {"OpenAI-Safety-Identifier": "somebody-else"}
        async with server.socket("", headers=spoofed) as socket:
            await socket.receive()

    assert "for 'user-7'" in caplog.text
    assert "somebody-else" not in caplog.text
    assert made["value"] not in caplog.text
    assert "right" not in caplog.text


async def test_before_the_engines_are_warm_nothing_is_minted() -> None:
    async with served(is_ready=False) as server:
        answer = await server.http.post(server.url + ADDRESS)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
