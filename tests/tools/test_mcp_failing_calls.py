"""MCP servers that fail, break off or talk nonsense: each time it costs one call."""

import asyncio
import gc
import itertools
import logging

import pytest
from aiohttp import web

from tests.tools.raw_servers import (
    HASTY,
    RawServer,
    answers,
    connected,
    error,
    event,
    hangs,
    opened,
    raw_server,
    responds,
    result,
    said,
    shown,
    tool,
    tools,
)
from vivavoce.errors import ToolError


async def test_a_call_that_hangs_is_given_up_and_the_next_one_works() -> None:
    async with (
        raw_server(tools_call=hangs, tools_list=answers(tools(tool("a")))) as server,
        connected(server.url, HASTY) as mcp,
    ):
        with pytest.raises(ToolError, match=r"no answer within 0\.3 s"):
            await mcp.call_tool("a", {})

        assert len(await mcp.list_tools()) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 777])
async def test_an_http_error_is_told_with_its_status(status: int) -> None:
    async with (
        raw_server(tools_call=responds(status, "<html>sorry</html>")) as server,
        connected(server.url) as mcp,
    ):
        with pytest.raises(ToolError) as failed:
            await mcp.call_tool("a", {})

    assert shown(failed.value) == ("http_error", status)
    assert "sorry" not in failed.value.message


async def test_an_error_of_json_rpc_is_told_with_its_code() -> None:
    async def refuse(server: RawServer, request: web.Request, request_id: object) -> web.Response:
        return web.json_response(error(request_id, -32602, "no such city"))

    async def refuse_badly(
        server: RawServer, request: web.Request, request_id: object
    ) -> web.Response:
        return web.json_response(error(None, -32001, "not now"), status=400)

    async with (
        raw_server(tools_call=refuse, tools_list=refuse_badly) as server,
        connected(server.url) as mcp,
    ):
        with pytest.raises(ToolError, match="no such city") as called:
            await mcp.call_tool("a", {})
        with pytest.raises(ToolError, match="not now") as listed:
            await mcp.list_tools()

    assert shown(called.value) == ("protocol_error", -32602)
    assert shown(listed.value) == ("protocol_error", -32001)


async def test_a_tool_that_failed_says_why() -> None:
    failed_result = {"content": [{"type": "text", "text": "no such city"}], "isError": True}
    async with (
        raw_server(tools_call=answers(failed_result)) as server,
        connected(server.url) as mcp,
    ):
        with pytest.raises(ToolError, match=r"^no such city$") as failed:
            await mcp.call_tool("a", {})

    assert shown(failed.value) == ("tool_execution_error", 0)


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "null", '{"jsonrpc": "2.0"}', '"' + "[" * 100_000, "[" * 100_000],
    ids=["nothing", "half", "list", "null", "no answer", "open text", "deep"],
)
async def test_answers_that_are_no_json_rpc_are_protocol_errors(body: str) -> None:
    garbage = responds(200, body, Content_Type="application/json")
    async with raw_server(tools_call=garbage) as server, connected(server.url) as mcp:
        with pytest.raises(ToolError) as failed:
            await mcp.call_tool("a", {})

    assert failed.value.kind == "protocol_error"


@pytest.mark.parametrize(
    "value",
    [{}, {"content": "words"}, {"content": [{"type": "video"}]}, {"content": [{"type": "text"}]}],
)
async def test_results_that_mcp_does_not_know_are_protocol_errors(value: object) -> None:
    async with raw_server(tools_call=answers(value)) as server, connected(server.url) as mcp:
        with pytest.raises(ToolError) as failed:
            await mcp.call_tool("a", {})

    assert failed.value.kind == "protocol_error"


async def test_a_connection_that_breaks_in_mid_answer_costs_one_call() -> None:
    turn = itertools.count()

    async def die(server: RawServer, request: web.Request, request_id: object) -> web.Response:
        if next(turn) > 0:
            return web.json_response(result(request_id, said("well")))
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b'{"jsonrpc":')
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with raw_server(tools_call=die) as server, connected(server.url) as mcp:
        with pytest.raises(ToolError, match="broke off"):
            await mcp.call_tool("a", {})

        assert await mcp.call_tool("a", {}) == "well"


async def test_an_event_stream_that_breaks_in_mid_answer_costs_one_call() -> None:
    turn = itertools.count()

    async def die(
        server: RawServer, request: web.Request, request_id: object
    ) -> web.StreamResponse:
        response = await opened(request, "text/event-stream")
        if next(turn) > 0:
            await response.write(event(result(request_id, said("well"))))
        else:
            await response.write(b"event: message\ndata: {")
        return response

    async with raw_server(tools_call=die) as server, connected(server.url) as mcp:
        with pytest.raises(ToolError):
            await mcp.call_tool("a", {})

        assert await mcp.call_tool("a", {}) == "well"


async def test_an_event_stream_that_never_says_anything_ends_with_the_call() -> None:
    async def silent(
        server: RawServer, request: web.Request, request_id: object
    ) -> web.StreamResponse:
        response = await opened(request, "text/event-stream")
        await response.write(b": nothing yet\n\n")
        await asyncio.Event().wait()
        return response

    async with raw_server(tools_call=silent) as server, connected(server.url, HASTY) as mcp:
        with pytest.raises(ToolError, match="no answer within"):
            await mcp.call_tool("a", {})


async def test_nothing_that_is_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with (
            raw_server(tools_call=responds(200, "garbage the-secret-answer")) as server,
            connected(
                f"{server.url}?key=the-secret-key",
                authorization="the-secret-token",
                headers={"X-Key": "the-secret-header"},
            ) as mcp,
        ):
            with pytest.raises(ToolError):
                await mcp.call_tool("a", {"password": "the-secret-argument"})

    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("aiohttp")]
    assert not [line for line in ours if "the-secret" in line]


async def test_nothing_is_left_of_a_hundred_failures() -> None:
    before = len(asyncio.all_tasks())
    async with raw_server(tools_call=responds(500)) as server, connected(server.url) as mcp:
        for _ in range(100):
            with pytest.raises(ToolError):
                await mcp.call_tool("a", {})
        inside = len(asyncio.all_tasks())
    gc.collect()

    assert inside < before + 20
    assert len(asyncio.all_tasks()) == before
