"""The tools of a session at work, through a whole runner."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import msgspec

from tests.runtime.fakes import Fakes, Running, ScriptedResponder, running, until
from vivavoce.core.options import SessionOptions
from vivavoce.core.session import Session
from vivavoce.errors import ToolError
from vivavoce.ids import counting_ids
from vivavoce.interfaces import (
    Finished,
    ResponseEvent,
    ResponseRequest,
    Stream,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from vivavoce.protocol.codec import decode_client_event
from vivavoce.protocol.items import McpCall, McpError, McpHttpError, McpToolExecutionError
from vivavoce.protocol.response_events import (
    McpListToolsCompleted,
    McpListToolsFailed,
    ResponseDone,
    ResponseOutputItemDone,
)
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.testing.tool_reports import check_server
from vivavoce.testing.tool_servers import ScriptedToolServer, ScriptedToolServers

HOME = {"type": "mcp", "server_label": "home", "require_approval": "never"}


async def greet(arguments: Mapping[str, object]) -> str:
    return f"Hello, {arguments['name']}."


async def talk(arguments: Mapping[str, object]) -> str:
    return "x" * 1_000_000


async def refuse(arguments: Mapping[str, object]) -> str:
    raise ToolError("Go away.", kind="http_error", code=403)


async def break_down(arguments: Mapping[str, object]) -> str:
    raise ZeroDivisionError


async def hang(arguments: Mapping[str, object]) -> str:
    await asyncio.Event().wait()
    return ""


def calling(name: str, arguments: str) -> ScriptedResponder:
    async def call(request: ResponseRequest) -> Stream[ResponseEvent]:
        yield ToolCallStarted(name)
        yield ToolCallDelta(arguments)
        yield ToolCallFinished()
        yield Finished()

    return ScriptedResponder(call)


@asynccontextmanager
async def session(
    servers: ScriptedToolServers, responder: ScriptedResponder, tools: Iterable[Mapping[str, Any]]
) -> AsyncIterator[Running]:
    rules = Session(SessionOptions(), new_id=counting_ids(), check_server=check_server)
    settings = RunnerSettings(tool_output_characters=1000)
    run = running(rules, Fakes(responder=responder), settings=settings, tool_servers=servers)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(run.runner.run())
        send(run, {"type": "session.update", "session": {"type": "realtime", "tools": list(tools)}})
        yield run
        run.client.leave()
        await task


def send(run: Running, event: Mapping[str, Any]) -> None:
    run.client.send(decode_client_event(msgspec.json.encode(event)))


async def outcome(tool: Any, arguments: str = '{"name": "Ada"}') -> McpCall:
    servers = ScriptedToolServers({"home": ScriptedToolServer({"tool": tool})})
    async with session(servers, calling("tool", arguments), [HOME]) as run:
        send(run, {"type": "response.create"})
        await until(lambda: sent(run, ResponseDone))
        [done] = sent(run, ResponseOutputItemDone)
        assert isinstance(done.item, McpCall)
        return done.item


def sent(run: Running, kind: type[Any]) -> list[Any]:
    return [event for event in run.client.events if isinstance(event, kind)]


def has_sent(run: Running, kind: type[Any], n_events: int) -> bool:
    return len(sent(run, kind)) == n_events


async def error_of(tool: Any, arguments: str = "{}") -> McpError | None:
    return (await outcome(tool, arguments)).error


async def test_a_tool_is_called_with_what_the_model_wrote() -> None:
    assert (await outcome(greet)).output == "Hello, Ada."


async def test_a_megabyte_of_output_is_cut_off_and_said_to_be() -> None:
    output = (await outcome(talk)).output

    assert output is not None
    assert len(output) < 1200
    assert output.endswith("[Cut off: 1000 of 1000000 characters.]")


async def test_an_error_keeps_its_kind_and_code() -> None:
    assert await error_of(refuse) == McpHttpError(code=403, message="Go away.")


async def test_a_bug_of_a_tool_costs_one_call() -> None:
    assert await error_of(break_down) == McpToolExecutionError(message="The tool failed.")


async def test_arguments_that_are_no_object_are_not_passed_on() -> None:
    expected = McpToolExecutionError(message="The arguments are no JSON object.")
    assert await error_of(greet, "[1]") == expected
    assert await error_of(greet, '{"name":') == expected


async def test_one_connection_serves_the_list_and_all_calls_and_is_closed_at_the_end() -> None:
    server = ScriptedToolServer({"tool": greet})
    servers = ScriptedToolServers({"home": server})
    async with session(servers, calling("tool", '{"name": "Ada"}'), [HOME]) as run:
        for n_done in (1, 2):
            send(run, {"type": "response.create"})
            await until(partial(has_sent, run, ResponseDone, n_done))
    assert [session_id for _, session_id in servers.opened] == ["sess_1"]
    assert server.n_closed == 1


async def test_a_server_that_moves_is_opened_anew_and_the_old_connection_closed() -> None:
    server = ScriptedToolServer({"tool": greet})
    servers = ScriptedToolServers({"docs": server})
    docs = {"type": "mcp", "server_label": "docs", "server_url": "https://one.example"}
    async with session(servers, calling("tool", "{}"), [docs]) as run:
        await until(lambda: sent(run, McpListToolsCompleted))
        moved = {"type": "realtime", "tools": [{**docs, "server_url": "https://two.example"}]}
        send(run, {"type": "session.update", "session": moved})
        await until(lambda: len(sent(run, McpListToolsCompleted)) == 2)
        assert server.n_closed == 1
    assert [address.url for address, _ in servers.opened] == [
        "https://one.example",
        "https://two.example",
    ]


async def test_other_credentials_are_used_from_the_next_call_on_without_another_list() -> None:
    server = ScriptedToolServer({"tool": greet})
    servers = ScriptedToolServers({"docs": server})
    docs = {
        "type": "mcp",
        "server_label": "docs",
        "server_url": "https://one.example",
        "require_approval": "never",
    }
    async with session(servers, calling("tool", '{"name": "Ada"}'), [docs]) as run:
        await until(lambda: sent(run, McpListToolsCompleted))
        with_token = {"type": "realtime", "tools": [{**docs, "authorization": "token"}]}
        send(run, {"type": "session.update", "session": with_token})
        send(run, {"type": "response.create"})
        await until(lambda: sent(run, ResponseDone))
        assert len(sent(run, McpListToolsCompleted)) == 1
    assert [address.authorization for address, _ in servers.opened] == [None, "token"]


async def test_a_server_that_is_not_there_costs_its_list_alone() -> None:
    servers = ScriptedToolServers({"home": ScriptedToolServer({"tool": greet})})
    gone = {"type": "mcp", "server_label": "gone", "server_url": "https://gone.example"}
    async with session(servers, calling("tool", '{"name": "Ada"}'), [gone, HOME]) as run:
        send(run, {"type": "response.create"})
        await until(lambda: sent(run, ResponseDone))
        assert len(sent(run, McpListToolsFailed)) == 1
        assert sent(run, ResponseOutputItemDone)[0].item.output == "Hello, Ada."


async def test_a_session_ends_while_a_tool_hangs() -> None:
    server = ScriptedToolServer({"tool": hang})
    servers = ScriptedToolServers({"home": server})
    async with session(servers, calling("tool", "{}"), [HOME]) as run:
        send(run, {"type": "response.create"})
        await until(lambda: len(servers.opened) == 1 and sent(run, McpListToolsCompleted))
    assert server.n_closed == 1


async def test_a_hundred_tools_are_listed_in_the_background() -> None:
    server = ScriptedToolServer({f"tool_{number}": greet for number in range(100)})
    servers = ScriptedToolServers({"home": server})
    async with session(servers, ScriptedResponder(), [HOME]) as run:
        send(run, {"type": "conversation.item.retrieve", "item_id": "item_1"})
        await until(lambda: sent(run, McpListToolsCompleted))
        send(run, {"type": "response.create"})
        await until(lambda: sent(run, ResponseDone))
