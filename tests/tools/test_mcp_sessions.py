"""The session at an MCP server: forgotten, cancelled, closed."""

import asyncio

import pytest
from aiohttp import web

from tests.tools.raw_servers import (
    RawServer,
    connected,
    hangs,
    raw_server,
    responds,
    result,
    said,
    shown,
)
from vivavoce.errors import ToolError


async def test_a_server_that_forgot_us_gets_a_new_session() -> None:
    async def forget(server: RawServer, request: web.Request, request_id: object) -> web.Response:
        if request.headers["Mcp-Session-Id"] == "one":
            server.session_id = "two"
            return web.Response(status=404)
        return web.json_response(result(request_id, said(request.headers["Mcp-Session-Id"])))

    async with raw_server(tools_call=forget) as server, connected(server.url) as mcp:
        assert await mcp.call_tool("a", {}) == "two"

    assert server.asked.count("initialize") == 2
    assert server.asked.count("tools/call") == 2


async def test_a_server_that_forgets_every_time_is_asked_twice_at_most() -> None:
    async with (
        raw_server(tools_call=responds(404)) as server,
        connected(server.url) as mcp,
    ):
        with pytest.raises(ToolError) as failed:
            await mcp.call_tool("a", {})

    assert shown(failed.value) == ("http_error", 404)
    assert server.asked.count("tools/call") == 2


async def test_closing_ends_a_call_at_once_though_the_server_hangs() -> None:
    loop = asyncio.get_running_loop()
    async with raw_server(tools_call=hangs, DELETE=hangs) as server:
        async with connected(server.url) as mcp, asyncio.TaskGroup() as group:

            async def call() -> None:
                with pytest.raises(ToolError):
                    await mcp.call_tool("a", {})

            group.create_task(call())
            await server.waiting.wait()
            began = loop.time()
            await mcp.close()
            assert loop.time() - began < 0.1
        assert "DELETE" in server.asked
        assert loop.time() - began < 3


async def test_cancelling_a_call_is_quick_and_tells_the_server() -> None:
    loop = asyncio.get_running_loop()
    async with raw_server(tools_call=hangs) as server, connected(server.url) as mcp:
        async with asyncio.TaskGroup() as group:
            call = group.create_task(mcp.call_tool("a", {}))
            await server.waiting.wait()
            began = loop.time()
            call.cancel()
        assert loop.time() - began < 0.1
        async with asyncio.timeout(2):
            await server.cancelled.wait()


async def test_a_closed_server_can_not_be_asked() -> None:
    async with raw_server() as server, connected(server.url) as mcp:
        await mcp.close()
        with pytest.raises(ToolError, match="closed"):
            await mcp.call_tool("a", {})
