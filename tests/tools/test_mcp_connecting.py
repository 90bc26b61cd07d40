"""Connecting to MCP servers, and to what is none."""

from aiohttp import web

from tests.tools.raw_servers import (
    HASTY,
    answers,
    connected,
    failure_to_connect,
    hangs,
    initialized,
    raw_server,
    responds,
    said,
    shown,
)


async def test_nobody_listens_there() -> None:
    async with raw_server() as server:
        url = server.url

    failure = await failure_to_connect(url)

    assert shown(failure) == ("tool_execution_error", 0)
    assert "no connection" in failure.message


async def test_a_name_that_nobody_has() -> None:
    failure = await failure_to_connect("https://nowhere.invalid/")

    assert shown(failure) == ("tool_execution_error", 0)
    assert "there is no host 'nowhere.invalid'" in failure.message


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    async with raw_server(initialize=hangs, server_discover=hangs) as server:
        failure = await failure_to_connect(server.url, HASTY)

    assert shown(failure) == ("tool_execution_error", 0)
    assert "0.3 s" in failure.message


async def test_a_page_of_the_web_is_no_mcp_server() -> None:
    page = responds(200, "<html></html>", Content_Type="text/html")
    async with raw_server(initialize=page, server_discover=page) as server:
        failure = await failure_to_connect(server.url)

    assert failure.kind == "protocol_error"


async def test_a_server_of_an_unknown_version_is_refused() -> None:
    strange = {
        "protocolVersion": "1999-01-01",
        "capabilities": {},
        "serverInfo": {"name": "old", "version": "1"},
    }
    async with raw_server(initialize=answers(strange)) as server:
        failure = await failure_to_connect(server.url)

    assert failure.kind == "protocol_error"
    assert "1999-01-01" in failure.message


async def test_the_stream_of_unasked_messages_is_not_opened() -> None:
    async with (
        raw_server(tools_call=answers(said("well"))) as server,
        connected(server.url) as mcp,
    ):
        await mcp.call_tool("a", {})

    assert "GET" not in server.asked


async def test_the_handshake_is_as_the_specification_has_it() -> None:
    async with (
        raw_server(initialize=lambda s, r, i: _later(initialized(s, i))) as server,
        connected(server.url) as mcp,
    ):
        await mcp.close()

    assert server.asked[-3:] == ["initialize", "notifications/initialized", "DELETE"]


async def _later(response: web.Response) -> web.Response:
    return response
