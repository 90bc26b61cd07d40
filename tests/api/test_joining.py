"""Connections to a session that lives already, over real sockets: who may, and who may not."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.api.server import Served, Socket, served
from tests.runtime.fakes import until
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.runtime.sidebands import MAX_SIDEBANDS

CLEAR: dict[str, object] = {"type": "input_audio_buffer.clear"}
CLEARED = "input_audio_buffer.cleared"
RESUMABLE = "vivavoce.session.resumable"
RESUMED = "vivavoce.session.resumed"
ASKING = "extensions=1&resume=1"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def session_id_of(socket: Socket) -> str:
    created: Any = await socket.received("session.created")
    return str(created["session"]["id"])


async def status_of(server: Served, query: str, headers: dict[str, str] | None = None) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        async with server.socket(query, headers=headers):
            pass
    return refusal.value.status


async def token_of(socket: Socket) -> tuple[str, str]:
    """Return the token and the id of the event that it came in."""
    event: Any = await socket.received(RESUMABLE)
    return event["resume_token"], event["event_id"]


async def refusal_of(server: Served, query: str, headers: dict[str, str] | None = None) -> Any:
    async with server.socket(query, headers=headers) as socket:
        event: Any = await socket.receive()
        code, reason = await socket.closed()
    assert (code, reason) == (4000, f"invalid_request_error.{event['error']['code']}")
    return event["error"]


# --- sidebands --------------------------------------------------------------------------------


async def test_a_sideband_joins_a_websocket_session_by_its_id_and_steers_it() -> None:
    async with served() as server, server.socket() as socket:
        session_id = await session_id_of(socket)
        async with server.socket(f"call_id={session_id}") as sideband:
            joined_id = await session_id_of(sideband)
            update = {"type": "realtime", "instructions": "Be brief."}
            await sideband.send({"type": "session.update", "session": update})
            updated: list[Any] = [
                await each.received("session.updated") for each in (socket, sideband)
            ]

    assert joined_id == session_id
    assert updated[0] == updated[1]
    assert updated[0]["session"]["instructions"] == "Be brief."


async def test_the_model_of_a_sideband_is_no_matter() -> None:
    async with served() as server, server.socket() as socket:
        session_id = await session_id_of(socket)
        async with server.socket(f"call_id={session_id}&model=gpt-9") as sideband:
            assert (await sideband.receive())["type"] == "session.created"


async def test_the_end_of_a_session_closes_its_sidebands_and_then_it_is_not_found() -> None:
    async with served() as server:
        async with server.socket() as socket:
            session_id = await session_id_of(socket)
            async with server.socket(f"call_id={session_id}") as sideband:
                await sideband.receive()
                await socket.connection.close()
                code, _ = await sideband.closed()
        await until(lambda: len(server.gateway.directory) == 0)
        status = await status_of(server, f"call_id={session_id}")

    assert (code, status) == (1000, 404)


async def test_a_sideband_that_leaves_ends_nothing() -> None:
    async with served() as server, server.socket() as socket:
        session_id = await session_id_of(socket)
        async with server.socket(f"call_id={session_id}") as sideband:
            await sideband.receive()
        await socket.send(CLEAR)
        await socket.received(CLEARED)


async def test_a_sideband_takes_no_place_in_a_full_server() -> None:
    async with served(max_sessions=1) as server, server.socket() as socket:
        session_id = await session_id_of(socket)
        async with server.socket(f"call_id={session_id}") as sideband:
            assert (await sideband.receive())["type"] == "session.created"


async def test_too_many_sidebands_are_refused() -> None:
    async with served() as server, server.socket() as socket:
        session_id = await session_id_of(socket)
        async with asyncio.TaskGroup() as tasks:
            end = asyncio.Event()

            async def hold(opened: asyncio.Semaphore) -> None:
                async with server.socket(f"call_id={session_id}") as sideband:
                    await sideband.receive()
                    opened.release()
                    await end.wait()

            opened = asyncio.Semaphore(0)
            for _ in range(MAX_SIDEBANDS):
                tasks.create_task(hold(opened))
            for _ in range(MAX_SIDEBANDS):
                await opened.acquire()
            status = await status_of(server, f"call_id={session_id}")
            end.set()

    assert status == 429


async def test_only_the_key_that_began_a_session_attaches_to_it() -> None:
    async with (
        served(keys=("mine", "yours")) as server,
        server.socket(headers=bearer("mine")) as socket,
    ):
        query = f"call_id={await session_id_of(socket)}"
        status = await status_of(server, query, bearer("yours"))
        async with server.socket(query, headers=bearer("mine")) as sideband:
            assert (await sideband.receive())["type"] == "session.created"

    assert status == 404


async def test_an_ephemeral_key_attaches_where_its_standard_key_does() -> None:
    async with (
        served(keys=("mine", "yours")) as server,
        server.socket(headers=bearer("mine")) as socket,
    ):
        query = f"call_id={await session_id_of(socket)}"
        url = f"{server.url}/v1/realtime/client_secrets"
        minted = []
        for key in ("mine", "yours"):
            answer = await server.http.post(url, headers=bearer(key), json={})
            minted.append((await answer.json())["value"])
        async with server.socket(query, headers=bearer(minted[0])) as sideband:
            assert (await sideband.receive())["type"] == "session.created"
        status = await status_of(server, query, bearer(minted[1]))

    assert status == 404


# --- coming back ------------------------------------------------------------------------------


async def test_a_client_comes_back_with_its_token() -> None:
    async with served() as server, server.socket(ASKING) as socket:
        session_id = await session_id_of(socket)
        token, last = await token_of(socket)
        await socket.send(CLEAR)
        missed = await socket.received(CLEARED)
        async with server.socket(f"resume={token}&after={last}") as back:
            resumed = await back.receive()
            again = await back.receive()
            code, _ = await socket.closed()
            await back.send(CLEAR)
            await back.received(CLEARED)

    assert resumed["type"] == RESUMED
    assert resumed["session_id"] == session_id
    assert (resumed["client_events_received"], resumed["events_missed"]) == (1, 1)
    assert again == missed
    assert code == 4000


async def test_a_client_that_does_not_ask_sees_no_difference() -> None:
    async with served() as server, server.socket("extensions=1") as socket:
        await socket.received("session.created")
        await socket.send(CLEAR)
        assert (await socket.receive())["type"] == CLEARED


async def test_a_client_that_closes_its_connection_ends_the_session() -> None:
    async with served() as server, server.socket(ASKING) as socket:
        await token_of(socket)
        await socket.connection.close()
        await until(lambda: len(server.gateway.directory) == 0)


async def test_a_page_that_closes_its_connection_without_a_code_ends_the_session() -> None:
    async with served() as server:
        host, port = server.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"GET /v1/realtime?{ASKING} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        await reader.readuntil(RESUMABLE.encode())
        writer.write(b"\x88\x80\x00\x00\x00\x00")  # a close frame, masked and empty
        await until(lambda: len(server.gateway.directory) == 0)
        writer.close()


async def test_a_page_that_goes_away_may_come_back() -> None:
    async with served() as server, server.socket(ASKING) as socket:
        token, last = await token_of(socket)
        await socket.connection.close(code=1001)
        async with server.socket(f"resume={token}&after={last}") as back:
            assert (await back.receive())["type"] == RESUMED


async def test_an_unknown_token_is_refused() -> None:
    async with served() as server:
        error = await refusal_of(server, "resume=resume_x&after=event_1")

    assert error["code"] == "resume_token_unknown"


async def test_a_session_id_is_no_token() -> None:
    async with served() as server, server.socket(ASKING) as socket:
        session_id = await session_id_of(socket)
        _, last = await token_of(socket)
        error = await refusal_of(server, f"resume={session_id}&after={last}")

    assert error["code"] == "resume_token_unknown"


async def test_a_token_is_of_use_only_with_the_key_that_began_the_session() -> None:
    async with (
        served(keys=("mine", "yours")) as server,
        server.socket(ASKING, headers=bearer("mine")) as socket,
    ):
        token, last = await token_of(socket)
        query = f"resume={token}&after={last}"
        error = await refusal_of(server, query, bearer("yours"))
        async with server.socket(query, headers=bearer("mine")) as back:
            assert (await back.receive())["type"] == RESUMED

    assert error["code"] == "resume_token_unknown"


@pytest.mark.parametrize(
    ("after", "code"),
    [("", "missing_required_parameter"), ("&after=event_x", "resume_events_gone")],
)
async def test_without_a_place_to_go_on_from_nothing_is_resumed(after: str, code: str) -> None:
    async with served() as server, server.socket(ASKING) as socket:
        token, _ = await token_of(socket)
        error = await refusal_of(server, f"resume={token}{after}")
        await socket.send(CLEAR)
        await socket.received(CLEARED)

    assert (error["code"], error["param"]) == (code, "after")


@pytest.mark.parametrize(
    ("query", "headers"),
    [("resume=1", {}), (ASKING, {"OpenAI-Beta": "realtime=v1"})],
)
async def test_a_token_cannot_be_had_without_extensions_or_in_the_beta_dialect(
    query: str, headers: dict[str, str]
) -> None:
    async with served() as server, server.socket(query, headers=headers) as socket:
        event: Any = await socket.receive()
        code, _ = await socket.closed()

    assert (code, event["error"]["param"]) == (4000, "resume")


async def test_a_server_that_waits_for_nobody_says_so() -> None:
    async with served(settings=RunnerSettings(resume_s=0)) as server:
        error = await refusal_of(server, ASKING)

    assert error["code"] == "resume_not_offered"


async def test_whoever_comes_back_too_late_is_refused() -> None:
    async with served(settings=RunnerSettings(resume_s=0.02)) as server:
        async with server.socket(ASKING) as socket:
            token, last = await token_of(socket)
            await socket.connection.close(code=1001)
        await until(lambda: len(server.gateway.directory) == 0)
        error = await refusal_of(server, f"resume={token}&after={last}")

    assert error["code"] == "resume_token_unknown"


async def test_a_session_whose_client_is_away_keeps_its_place() -> None:
    async with served(max_sessions=1) as server:
        async with server.socket(ASKING) as socket:
            token, last = await token_of(socket)
            await socket.connection.close(code=1001)
        status = await status_of(server, "")
        async with server.socket(f"resume={token}&after={last}") as back:
            assert (await back.receive())["type"] == RESUMED

    assert status == 503
