"""MCP servers that send too much: what is read of it has a bound."""

import pytest
from aiohttp import web

from tests.tools.raw_servers import (
    RawServer,
    answers,
    connected,
    event,
    opened,
    raw_server,
    responds,
    said,
)
from vivavoce.errors import ToolError


async def test_a_megabyte_is_not_read_to_its_end() -> None:
    sent = 0

    async def flood(
        server: RawServer, request: web.Request, request_id: object
    ) -> web.StreamResponse:
        nonlocal sent
        response = await opened(request, "application/json")
        await response.write(b'{"jsonrpc":"2.0","result":{"content":[{"type":"text","text":"')
        while True:
            await response.write(b"x" * 65_536)
            sent += 65_536

    async with raw_server(tools_call=flood) as server, connected(server.url) as mcp:
        with pytest.raises(ToolError, match="longer than 524288 bytes"):
            await mcp.call_tool("a", {})

    assert sent < 16 * 1024 * 1024  # what the sockets of both ends hold


async def test_an_event_stream_without_end_is_bounded_too() -> None:
    async def flood(
        server: RawServer, request: web.Request, request_id: object
    ) -> web.StreamResponse:
        response = await opened(request, "text/event-stream")
        note = {"jsonrpc": "2.0", "method": "notifications/message"}
        note["params"] = {"level": "info", "data": "x" * 10_000}  # type: ignore[assignment]  # json
        while True:
            await response.write(event(note))

    async with raw_server(tools_call=flood) as server, connected(server.url) as mcp:
        with pytest.raises(ToolError, match="longer than 524288 bytes"):
            await mcp.call_tool("a", {})


async def test_a_packed_answer_is_refused_for_it_might_explode() -> None:
    packed = responds(200, "x", Content_Encoding="gzip", Content_Type="application/json")
    async with raw_server(tools_call=packed) as server, connected(server.url) as mcp:
        with pytest.raises(ToolError, match="packs its answers"):
            await mcp.call_tool("a", {})


async def test_long_outputs_are_cut_and_say_so() -> None:
    async with (
        raw_server(tools_call=answers(said("x" * 30_000))) as server,
        connected(server.url) as mcp,
    ):
        text = await mcp.call_tool("a", {})

    assert text.endswith("x\n[cut off here: 10000 more characters]")
    assert text.count("x") == 20_000
