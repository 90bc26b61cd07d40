"""The tools that an MCP server lists: useless, hostile, many or without end."""

import asyncio
import json
import logging

import pytest
from aiohttp import web

from tests.tools.raw_servers import RawServer, answers, connected, raw_server, result, tool, tools
from vivavoce.errors import ToolError


async def test_tools_with_useless_schemas_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    deep: dict[str, object] = {}
    for _ in range(60):
        deep = {"properties": {"a": deep}}
    listed = tools(
        tool("good"),
        tool("bad_type", {"type": "object", "properties": {"a": {"type": "nonsense"}}}),
        tool("deep", {"type": "object"} | deep),
        tool("good"),
        tool("x" * 300),
        tool(""),
    )
    async with (
        raw_server(tools_list=answers(listed)) as server,
        connected(server.url) as mcp,
        asyncio.timeout(5),
    ):
        with caplog.at_level(logging.WARNING, "vivavoce"):
            names = [listed.name for listed in await mcp.list_tools()]

    assert names == ["good", "deep"]
    assert "the schema of 'bad_type' is no JSON Schema" in caplog.text


@pytest.mark.parametrize(
    "schema", ["words", {}, {"type": "string"}, {"type": "object", "properties": 5}], ids=repr
)
async def test_a_schema_that_mcp_does_not_allow_makes_the_list_nonsense(schema: object) -> None:
    async with (
        raw_server(tools_list=answers(tools(tool("good"), tool("bad", schema)))) as server,
        connected(server.url) as mcp,
    ):
        with pytest.raises(ToolError, match=r"should be, at tools\.1\.inputSchema") as failed:
            await mcp.list_tools()

    assert failed.value.kind == "protocol_error"


async def test_a_pattern_that_takes_for_ever_is_never_matched() -> None:
    evil = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    evil_tool = tool("a") | {"outputSchema": evil}
    answer = {"content": [], "structuredContent": {"a": "a" * 60 + "!"}}
    async with (
        raw_server(tools_list=answers(tools(evil_tool)), tools_call=answers(answer)) as server,
        connected(server.url) as mcp,
        asyncio.timeout(2),
    ):
        await mcp.list_tools()

        assert json.loads(await mcp.call_tool("a", {})) == {"a": "a" * 60 + "!"}


async def test_a_list_is_read_page_by_page() -> None:
    async def page(server: RawServer, request: web.Request, request_id: object) -> web.Response:
        params = (await request.json()).get("params") or {}
        n = int(params.get("cursor") or 0)
        cursor = str(n + 1) if n < 9 else None
        listed = tools(*(tool(f"t{n}_{i}") for i in range(20)), cursor=cursor)
        return web.json_response(result(request_id, listed))

    async with raw_server(tools_list=page) as server, connected(server.url) as mcp:
        names = [listed.name for listed in await mcp.list_tools()]

    assert len(names) == 200
    assert names[0] == "t0_0"
    assert names[-1] == "t9_19"


async def test_a_list_without_end_is_given_up() -> None:
    endless = answers(tools(tool("a"), cursor="again"))
    async with raw_server(tools_list=endless) as server, connected(server.url) as mcp:
        with pytest.raises(ToolError, match="no end"):
            await mcp.list_tools()
