"""The playground's addresses; the page itself is tested in a browser, in tests/playground."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.api.server import Served, served
from vivavoce.core.options import SessionOptions
from vivavoce.runtime.recorder import open_recordings

KEY = {"Authorization": "Bearer sk-one"}
OTHER_KEY = {"Authorization": "Bearer sk-two"}
KEYS = ("sk-one", "sk-two")
FILES = ("/", "/playground/js/main.js", "/playground/css/theme.css", "/playground/icon.svg")


async def get(
    server: Served, path: str, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    async with server.http.get(f"{server.url}{path}", headers=headers) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize("path", FILES)
async def test_the_page_may_load_nothing_from_elsewhere(path: str) -> None:
    async with served(keys=KEYS) as server, server.http.get(f"{server.url}{path}") as answer:
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self';")
        assert "http" not in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_whole_session_needs_no_file_but_those_that_are_there() -> None:
    async with served() as server:
        async with server.http.get(f"{server.url}/playground/js/main.js") as answer:
            assert answer.content_type == "text/javascript"
            modules = [
                line.split("'")[1]
                for line in (await answer.text()).splitlines()
                if " from './" in line
            ]
        for module in modules:
            async with server.http.get(f"{server.url}/playground/js/{module}") as answer:
                assert answer.status == 200


@pytest.mark.parametrize(
    "path", ["/playground/js/../../app.py", "/playground/%2e%2e/app.py", "/playground/index.html"]
)
async def test_only_the_files_of_the_page_are_served(path: str) -> None:
    async with served() as server:
        assert (await get(server, path))[0] == 404


async def test_without_keys_the_page_learns_what_there_is_to_choose() -> None:
    async with served() as server:
        status, setup = await get(server, "/playground/setup")

    assert status == 200
    assert setup["needs_key"] is False
    assert setup["is_ready"] is True
    assert setup["default_model"] in setup["models"]
    assert setup["default_voice"] == "alloy"
    assert setup["records"] == "off"


async def test_the_page_learns_which_tools_the_server_has_and_who_goes_on_after_them() -> None:
    async with served() as server:
        _, without = await get(server, "/playground/setup")
        server.gateway.tool_labels = ("files", "weather")
        server.gateway.options = SessionOptions(continue_after_call=True)
        _, setup = await get(server, "/playground/setup")

    assert (without["tool_labels"], without["continues_after_call"]) == ([], False)
    assert (setup["tool_labels"], setup["continues_after_call"]) == (["files", "weather"], True)


async def test_with_keys_the_page_learns_only_that_one_is_needed() -> None:
    async with served(keys=KEYS) as server:
        assert await get(server, "/playground/setup") == (200, {"needs_key": True})


async def test_with_a_key_it_learns_the_rest() -> None:
    async with served(keys=KEYS) as server:
        status, setup = await get(server, "/playground/setup", KEY)

    assert (status, setup["needs_key"]) == (200, True)
    assert setup["models"]


async def test_a_wrong_key_is_refused() -> None:
    async with served(keys=KEYS) as server:
        status, answer = await get(server, "/playground/setup", {"Authorization": "Bearer sk-no"})

    assert (status, answer["error"]["code"]) == (401, "invalid_api_key")


async def test_recordings_are_read_back_by_the_key_that_made_them(tmp_path: Path) -> None:
    with open_recordings(tmp_path, with_sound=False) as recordings:
        async with served(keys=KEYS, recordings=recordings) as server:
            server.gateway.recordings_dir = tmp_path
            async with server.socket(headers=KEY) as client:
                await client.received("session.created")
                async with asyncio.timeout(5):  # a thread writes it
                    while not (mine := (await get(server, "/playground/recordings", KEY))[1])[
                        "data"
                    ]:
                        pass
            _, others = await get(server, "/playground/recordings", OTHER_KEY)
            one = f"/playground/recordings/{mine['data'][0]['name']}"
            async with server.http.get(f"{server.url}{one}", headers=KEY) as answer:
                header, *_ = (await answer.text()).splitlines()
                kind = answer.content_type
            refused, _ = await get(server, one, OTHER_KEY)

    assert kind == "application/x-ndjson"
    assert '"format_version":1' in header
    assert others["data"] == []
    assert refused == 404


@pytest.mark.parametrize("path", ["/playground/recordings", "/playground/recordings/any"])
async def test_recordings_need_a_key_where_keys_are_configured(path: str) -> None:
    async with served(keys=KEYS) as server:
        assert (await get(server, path))[0] == 401


async def test_no_name_of_a_recording_leads_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text("{}")
    async with served() as server:
        server.gateway.recordings_dir = tmp_path / "recordings"
        status, answer = await get(server, "/playground/recordings/..%2Fsecret")

    assert (status, answer["error"]["code"]) == (404, "recording_not_found")


async def test_where_nobody_may_open_recordings_there_are_none() -> None:
    async with served() as server:
        _, listed = await get(server, "/playground/recordings")
        status, _ = await get(server, "/playground/recordings/any")

    assert (listed["data"], status) == ([], 404)
