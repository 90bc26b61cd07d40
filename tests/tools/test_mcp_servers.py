"""Against real servers made with the official SDK, over each transport."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from tests.tools.raw_servers import PATIENT, connected
from tests.tools.sdk_servers import TOKEN, SdkServer, serving, weather_server
from vivavoce.errors import ToolError
from vivavoce.interfaces.tools import ToolServer, ToolServerAddress
from vivavoce.testing.loop_watch import LoopWatch
from vivavoce.tools.servers import open_tool_servers
from vivavoce.tools.settings import NamedServerSettings, ToolsSettings

Serve = Callable[[int], AbstractAsyncContextManager[SdkServer]]
LONGEST_HOLD_MS = 50
"""Of the event loop."""


def over_http(n_more_tools: int = 0) -> AbstractAsyncContextManager[SdkServer]:
    app = weather_server(n_more_tools).streamable_http_app()
    return serving(app, "/mcp", token=TOKEN)


def over_json(n_more_tools: int = 0) -> AbstractAsyncContextManager[SdkServer]:
    app = weather_server(n_more_tools).streamable_http_app(json_response=True, stateless_http=True)
    return serving(app, "/mcp", token=TOKEN)


def over_sse(n_more_tools: int = 0) -> AbstractAsyncContextManager[SdkServer]:
    return serving(weather_server(n_more_tools).sse_app(), "/sse", token=TOKEN)


@pytest.fixture(params=[over_http, over_json, over_sse])
async def mcp(request: pytest.FixtureRequest) -> AsyncIterator[ToolServer]:
    serve: Serve = request.param
    async with serve(0) as server, connected(server.url, authorization=TOKEN) as opened:
        yield opened


async def test_its_tools_are_listed_with_schemas_and_hints(mcp: ToolServer) -> None:
    listed = {tool.name: tool for tool in await mcp.list_tools()}

    weather = listed["weather"]
    assert weather.description == "The weather in a city."
    assert weather.input_schema["required"] == ["city"]
    assert weather.annotations == {"readOnlyHint": True}
    assert listed["measure"].annotations is None


async def test_a_tool_is_called(mcp: ToolServer) -> None:
    assert await mcp.call_tool("weather", {"city": "Oslo"}) == "It is sunny in Oslo."


async def test_several_calls_go_on_at_once(mcp: ToolServer) -> None:
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(mcp.call_tool("weather", {"city": str(i)})) for i in range(20)]

    assert [call.result() for call in calls] == [f"It is sunny in {i}." for i in range(20)]


async def test_what_is_no_text_is_told_as_text(mcp: ToolServer) -> None:
    assert json.loads(await mcp.call_tool("measure", {})) == {"celsius": 21.5}
    assert await mcp.call_tool("document", {}) == "the memo's words"
    assert await mcp.call_tool("picture", {}) == (
        "see:\n[image (image/png), 120 bytes, which can't be shown as text]"
    )


async def test_a_failing_tool_is_told_from_a_failing_server(mcp: ToolServer) -> None:
    with pytest.raises(ToolError) as failed:
        await mcp.call_tool("fail", {"reason": "no luck"})

    assert failed.value.kind == "tool_execution_error"


async def test_a_megabyte_costs_one_call(mcp: ToolServer) -> None:
    with pytest.raises(ToolError):
        await mcp.call_tool("much", {"n": 2_000_000})

    assert await mcp.call_tool("weather", {"city": "Oslo"}) == "It is sunny in Oslo."


async def test_a_cancelled_call_leaves_the_connection_usable(mcp: ToolServer) -> None:
    async with asyncio.TaskGroup() as group:
        call = group.create_task(mcp.call_tool("wait_long", {}))
        await asyncio.sleep(0)
        call.cancel()

    assert await mcp.call_tool("weather", {"city": "Oslo"}) == "It is sunny in Oslo."


async def test_a_hundred_tools_are_listed_without_holding_up_the_loop() -> None:
    async with over_http(100) as server, connected(server.url, authorization=TOKEN) as mcp:
        await mcp.list_tools()
        async with LoopWatch() as loop:
            listed = await mcp.list_tools()

    assert len(listed) == 107
    assert loop.longest_ms < LONGEST_HOLD_MS


@pytest.mark.parametrize("serve", [over_http, over_sse])
async def test_without_the_token_the_status_is_told(serve: Serve) -> None:
    async with serve(0) as server:
        for token in (None, "wrong"):
            try:
                async with connected(server.url, authorization=token):
                    raise AssertionError
            except* ToolError as group:
                failure = group.exceptions[0]
            assert isinstance(failure, ToolError)
            assert (failure.kind, failure.code) == ("http_error", 401)


async def test_extra_headers_go_along_with_every_request() -> None:
    async with (
        over_http() as server,
        connected(server.url, authorization=TOKEN, headers={"X-Tenant": "seven"}) as mcp,
    ):
        await mcp.list_tools()

    assert len(server.headers) >= 2
    assert {headers["x-tenant"] for headers in server.headers} == {"seven"}


@asynccontextmanager
async def named(**one: object) -> AsyncIterator[ToolServer]:
    settings = msgspec.structs.replace(
        PATIENT,
        allow_private_addresses=(),
        allow_http=False,
        servers={"weather": msgspec.convert(one, NamedServerSettings)},
    )
    async with open_tool_servers(settings, {}, {"PATH": "/usr/bin", "KEY": TOKEN}) as servers:
        address = ToolServerAddress(label="weather")
        servers.check(address)
        yield await servers.open(address, "sess_1")


async def test_the_operators_server_is_reached_by_its_name_with_the_operators_token() -> None:
    async with (
        over_http() as server,
        named(url=server.url, authorization_env="KEY") as mcp,
    ):
        assert await mcp.call_tool("weather", {"city": "Oslo"}) == "It is sunny in Oslo."


async def test_the_operators_program_is_spoken_to_over_its_streams(tmp_path: Path) -> None:
    program = tmp_path / "server.py"
    program.write_text(
        "from mcp.server.mcpserver import MCPServer\n"
        "server = MCPServer('here')\n"
        "@server.tool()\n"
        "def greet(name: str) -> str:\n"
        "    return f'Hello {name}.'\n"
        "server.run('stdio')\n"
    )
    async with named(command=[sys.executable, str(program)]) as mcp:
        assert [tool.name for tool in await mcp.list_tools()] == ["greet"]
        assert await mcp.call_tool("greet", {"name": "Ada"}) == "Hello Ada."


def test_the_settings_are_read_from_a_table() -> None:
    table = {"allow_http": True, "servers": {"here": {"command": ["a", "b"]}}}

    settings = msgspec.convert(table, ToolsSettings)

    assert settings.servers["here"].command == ("a", "b")
