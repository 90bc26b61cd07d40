"""MCP tools as a user of the official Python client has them, on an MCP server made by others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeMcpToolCall, RealtimeServerEvent

from tests.clients.playing_mcp import SCRIPTED, served_with_mcp
from tests.served import served

pytestmark = pytest.mark.slow


@asynccontextmanager
async def talking(tmp_path: Path, **tool: Any) -> AsyncIterator[AsyncRealtimeConnection]:
    async with (
        asyncio.timeout(30),
        served_with_mcp(tmp_path) as (url, server_url),
        AsyncOpenAI(api_key="any", base_url=url).realtime.connect(model="gpt-realtime") as talk,
    ):
        mcp = {"type": "mcp", "server_label": "weather", "server_url": server_url, **tool}
        await talk.session.update(
            session={"type": "realtime", "output_modalities": ["text"], "tools": [mcp]}  # type: ignore[list-item]  # TypedDict
        )
        yield talk


async def until(talk: AsyncRealtimeConnection, kind: str) -> list[RealtimeServerEvent]:
    """Take events up to the first of a kind; an error ends the wait."""
    events = []
    async for event in talk:
        events.append(event)
        if event.type == kind:
            return events
        assert event.type != "error", event
    raise AssertionError(kind)


async def say(talk: AsyncRealtimeConnection, text: str) -> None:
    await talk.conversation.item.create(
        item={
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": text}],
        }
    )
    await talk.response.create()


def finished_call(events: list[RealtimeServerEvent]) -> RealtimeMcpToolCall:
    """Return the one call that ended in these events."""
    [call] = [
        event.item
        for event in events
        if event.type == "response.output_item.done" and event.item.type == "mcp_call"
    ]
    return call


async def answer(talk: AsyncRealtimeConnection) -> str:
    """Return the text of the next response."""
    events = await until(talk, "response.done")
    return "".join(event.text for event in events if event.type == "response.output_text.done")


async def test_the_tools_are_listed(tmp_path: Path) -> None:
    async with talking(tmp_path, require_approval="never") as talk:
        events = await until(talk, "mcp_list_tools.completed")

        kinds = [event.type for event in events]
        assert "mcp_list_tools.in_progress" in kinds
        done = next(event for event in events if event.type == "conversation.item.done")
        assert done.item.type == "mcp_list_tools"
        assert [tool.name for tool in done.item.tools] == ["weather", "fail", "measure"]


async def test_a_tool_is_run_and_the_next_response_knows_its_output(tmp_path: Path) -> None:
    async with talking(tmp_path, require_approval="never") as talk:
        await until(talk, "mcp_list_tools.completed")
        await say(talk, "What is the weather in Oslo?")

        call = finished_call(await until(talk, "response.done"))
        assert call.arguments == '{"city":"Oslo"}'
        assert call.output == "It is sunny in Oslo."

        await talk.response.create()
        assert await answer(talk) == "It is sunny there."


async def test_a_tool_that_fails_is_told(tmp_path: Path) -> None:
    async with talking(tmp_path, require_approval="never") as talk:
        await until(talk, "mcp_list_tools.completed")
        await say(talk, "Please fail.")

        call = finished_call(await until(talk, "response.done"))
        assert call.error is not None
        assert call.error.type == "protocol_error"
        assert call.error.code == -32603
        assert "no luck" in call.error.message


@pytest.mark.parametrize(
    ("approve", "output", "said"),
    [(True, "It is sunny in Oslo.", "It is sunny there."), (False, None, "I do without.")],
)
async def test_nothing_runs_before_it_is_approved(
    tmp_path: Path, approve: bool, output: str | None, said: str
) -> None:
    async with talking(tmp_path) as talk:
        await until(talk, "mcp_list_tools.completed")
        await say(talk, "What is the weather in Oslo?")
        events = await until(talk, "response.done")
        [request] = [
            event.item
            for event in events
            if event.type == "conversation.item.done" and event.item.type == "mcp_approval_request"
        ]
        assert "response.mcp_call.in_progress" not in [event.type for event in events]

        await talk.conversation.item.create(
            item={
                "type": "mcp_approval_response",
                "id": "mcpr_answer",
                "approval_request_id": request.id or "",
                "approve": approve,
            }
        )
        call = finished_call(await until(talk, "response.output_item.done"))
        assert call.output == output

        await talk.response.create()
        assert await answer(talk) == said


async def test_an_address_inside_is_refused_where_nobody_allowed_it(tmp_path: Path) -> None:
    async with (
        asyncio.timeout(30),
        served(*SCRIPTED, VIVAVOCE_HOME=str(tmp_path)) as (url, _),
        AsyncOpenAI(api_key="any", base_url=url).realtime.connect(model="gpt-realtime") as talk,
    ):
        mcp = {"type": "mcp", "server_label": "inside", "server_url": "https://169.254.169.254/"}
        await talk.session.update(session={"type": "realtime", "tools": [mcp]})  # type: ignore[list-item]  # TypedDict
        async for event in talk:
            if event.type == "error":
                assert event.error.param == "session.tools[0].server_url"
                return
