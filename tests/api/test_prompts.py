"""Stored prompts over real sockets: kept, named by sessions, and in recordings."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.server import Served, served
from vivavoce.runtime.recorder import open_recordings
from vivavoce.runtime.replay import replay

SHOP = {"id": "shop", "instructions": "You sell {{thing}}."}


async def kept(server: Served, body: object) -> dict[str, Any]:
    answer = await server.http.post(f"{server.url}/v1/prompts", json=body)
    prompt: dict[str, Any] = await answer.json()
    assert answer.status == 200, prompt
    return prompt


async def test_a_prompt_is_kept_in_versions_shown_listed_and_removed() -> None:
    async with served() as server:
        first = await kept(server, SHOP)
        second = await kept(server, SHOP | {"instructions": "Two.", "voice": "alloy"})
        named = await kept(server, {"instructions": "Without an id."})
        url = f"{server.url}/v1/prompts/shop"
        newest = await (await server.http.get(url)).json()
        old = await (await server.http.get(url, params={"version": "1"})).json()
        listed = await (await server.http.get(f"{server.url}/v1/prompts")).json()
        removed = await (await server.http.delete(url)).json()
        gone = await server.http.get(url)
        again = await server.http.delete(url)

    assert (first["version"], second["version"]) == ("1", "2")
    assert named["id"].startswith("pmpt_")
    assert newest == second | {"versions": ["1", "2"]}
    assert old == first | {"versions": ["1", "2"]}
    assert listed == {"object": "list", "data": [named, second], "has_more": False}
    assert removed == {"id": "shop", "object": "prompt.deleted", "deleted": True}
    assert (gone.status, again.status) == (404, 404)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "instructions"),
        ({"instructions": ""}, "instructions"),
        ({"instructions": "x", "id": "a b"}, "id"),
        ({"instructions": "x", "foo": 1}, "foo"),
        ({"instructions": "x", "voice": "nobody"}, "voice"),
        ({"instructions": "x", "tools": [{"type": "mcp", "server_label": "a"}]}, "tools"),
        (
            {"instructions": "x", "tools": [{"type": "function", "name": "f"}] * 2},
            "tools[1].name",
        ),
    ],
)
async def test_what_no_session_could_use_is_refused_by_name(body: object, param: str) -> None:
    async with served() as server:
        answer = await server.http.post(f"{server.url}/v1/prompts", json=body)
        error = (await answer.json())["error"]

    assert answer.status == 400
    assert error["param"].startswith(param)


async def test_prompts_are_for_standard_keys() -> None:
    standard = {"Authorization": "Bearer right"}
    async with served(keys=("right",)) as server:
        url = f"{server.url}/v1/prompts"
        minted = await server.http.post(
            f"{server.url}/v1/realtime/client_secrets", headers=standard
        )
        ephemeral = {"Authorization": f"Bearer {(await minted.json())['value']}"}
        answers = [
            await server.http.get(url, headers=headers) for headers in (standard, ephemeral, {})
        ]

    assert [answer.status for answer in answers] == [200, 403, 401]


async def test_a_session_and_a_response_use_the_prompt_they_name_and_replay_without_the_store(
    tmp_path: Path,
) -> None:
    prompt = {"id": "shop", "variables": {"thing": "tea"}}
    with open_recordings(tmp_path, with_sound=False) as recordings:
        async with served(recordings=recordings) as server:
            await kept(server, SHOP)
            async with server.socket() as socket:
                update = {"type": "realtime", "prompt": prompt}
                await socket.send({"type": "session.update", "session": update})
                updated: Any = await socket.received("session.updated")
                unknown = {"type": "realtime", "prompt": {"id": "nothing"}}
                await socket.send({"type": "session.update", "session": unknown})
                error: Any = await socket.received("error")
                coffee = prompt | {"variables": {"thing": "coffee"}}
                await socket.send({"type": "response.create", "response": {"prompt": coffee}})
                await socket.received("response.done")

    assert updated["session"]["prompt"] == prompt | {"version": "1"}
    assert updated["session"]["instructions"] == "You sell tea."
    assert error["error"]["param"] == "session.prompt.id"
    (path,) = tmp_path.iterdir()  # noqa: ASYNC240 - nothing else runs now
    steps = list(replay(path))
    assert all(step.agrees for step in steps)
    assert "You sell coffee." in str(steps)


async def test_a_prompt_may_be_bound_to_a_key_and_a_key_whose_prompt_is_gone_opens_nothing() -> (
    None
):
    prompt = {"id": "shop", "variables": {"thing": "tea"}}
    async with served() as server:
        await kept(server, SHOP)
        answer = await server.http.post(
            f"{server.url}/v1/realtime/client_secrets",
            json={"session": {"type": "realtime", "prompt": prompt}},
        )
        made = await answer.json()
        headers = {"Authorization": f"Bearer {made['value']}"}
        async with server.socket("", headers=headers) as socket:
            created: Any = await socket.receive()
        await server.http.delete(f"{server.url}/v1/prompts/shop")
        async with server.socket("", headers=headers) as socket:
            error: Any = await socket.receive()
            close = await socket.closed()

    assert made["session"]["instructions"] == "You sell tea."
    assert created["session"]["instructions"] == "You sell tea."
    assert error["error"]["param"] == "session.prompt.id"
    assert close == (4000, "invalid_request_error.prompt_not_found")
