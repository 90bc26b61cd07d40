"""Servers that fail, lie or attack: each costs one call, in bounded time and memory."""

import asyncio
import gc
import itertools
import json
import logging

import pytest
from aiohttp import web

from tests.tools.raw_servers import (
    HASTY,
    PATIENT,
    RawServer,
    answers,
    connected,
    error,
    event,
    hangs,
    initialized,
    raw_server,
    responds,
    result,
    said,
    tool,
    tools,
)
from vivavoce.errors import ToolError
from vivavoce.tools.settings import ToolsSettings


async def failure_to_connect(url: str, settings: ToolsSettings = PATIENT) -> ToolError:
    try:
        async with connected(url, settings):
            raise AssertionError
    except* ToolError as group:
        leaf = group.exceptions[0]
    assert isinstance(leaf, ToolError)
    return leaf


def shown(failure: ToolError) -> tuple[str, int]:
    return failure.kind, failure.code


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
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if next(turn) > 0:
            await response.write(event(result(request_id, said("well"))))
        else:
            await response.write(b"event: message\ndata: {")
        return response

    async with raw_server(tools_call=die) as server, connected(server.url) as mcp:
        with pytest.raises(ToolError):
            await mcp.call_tool("a", {})

        assert await mcp.call_tool("a", {}) == "well"


async def test_a_megabyte_is_not_read_to_its_end() -> None:
    sent = 0

    async def flood(
        server: RawServer, request: web.Request, request_id: object
    ) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
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
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        note = {"jsonrpc": "2.0", "method": "notifications/message"}
        note["params"] = {"level": "info", "data": "x" * 10_000}  # type: ignore[assignment]  # json
        while True:
            await response.write(event(note))

    async with raw_server(tools_call=flood) as server, connected(server.url) as mcp:
        with pytest.raises(ToolError, match="longer than 524288 bytes"):
            await mcp.call_tool("a", {})


async def test_an_event_stream_that_never_says_anything_ends_with_the_call() -> None:
    async def silent(
        server: RawServer, request: web.Request, request_id: object
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b": nothing yet\n\n")
        await asyncio.Event().wait()
        return response

    async with raw_server(tools_call=silent) as server, connected(server.url, HASTY) as mcp:
        with pytest.raises(ToolError, match="no answer within"):
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
