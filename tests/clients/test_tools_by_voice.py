"""The tools of the server as a user has them: spoken questions and answers, the bundled models."""

import re
from collections.abc import AsyncIterator
from importlib.util import find_spec
from typing import Any

import pytest
import pytest_asyncio

from tests.clients.speaking import Caller, Heard, calling
from tests.drawn_pictures import SIGN, data_url, drawn
from tests.ears import Ears, listening
from tests.served import served
from tests.tools.files.handbook import add_handbook
from tests.tools.sdk_servers import serving, weather_server
from vivavoce.media.pcm import Pcm

pytestmark = [
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.asyncio(loop_scope="module"),
]

CONFIG = """
[session]
engine_stall_s = 60

[tools]
allow_private_addresses = ["127.0.0.1"]
allow_http = true

[[guardrails]]
name = "no-paris"
kind = "words"
words = ["Paris"]
line = "I keep that to myself."
"""
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
TELLS_WEATHER = "You tell callers the weather. Use your functions whenever they can help."
AT_THE_COUNTER = "You work at the counter of a tool shop. Look things up before you answer."
CALCULATES = "Use run_python for every calculation."
FILES = {"type": "mcp", "server_label": "files", "require_approval": "never"}
CODE = {"type": "mcp", "server_label": "code", "require_approval": "never"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """One server for all, with a handbook that was added from the command line."""
    home = tmp_path_factory.mktemp("home")
    (config := home / "config.toml").write_text(CONFIG)
    arguments = ("--profile", "standard", "--config", str(config))
    async with served(*arguments, **await add_handbook(home)) as (served_url, _):
        yield served_url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ears() -> AsyncIterator[Ears]:
    async with listening() as listener:
        yield listener


async def words_in(ears: Ears, heard: Heard) -> str:
    """Return what a listener understands of an answer."""
    assert heard.audio, heard.response.status_details
    return await ears.understood(Pcm(heard.audio))


async def with_tools(caller: Caller, *tools: dict[str, Any], **session: Any) -> None:
    """Set the session up, and wait for the lists of servers' tools."""
    n_servers = sum(tool["type"] == "mcp" for tool in tools)
    transcription = {"input": {"transcription": {"model": "whisper-1"}}}
    await caller.update(tools=list(tools), audio=transcription, **session)
    await caller.until(lambda: len(caller.of("mcp_list_tools.completed")) == n_servers)


def only_call(heard: Heard, kind: str) -> Any:
    """Return the one call of a response."""
    (call,) = heard.calls(kind)
    return call


async def test_a_function_is_called_and_its_output_is_heard(url: str, ears: Ears) -> None:
    async with calling(url) as caller:
        await with_tools(caller, WEATHER, instructions=TELLS_WEATHER)
        call = only_call(await caller.ask("question-weather"), "function_call")
        assert '"city"' in call.arguments
        assert "Oslo" in call.arguments
        output = '{"sky": "snow", "celsius": -4}'
        await caller.give(
            {"type": "function_call_output", "call_id": call.call_id, "output": output}
        )
        said = await words_in(ears, await caller.go_on())

    assert "snow" in said.lower()


async def test_a_tool_of_an_mcp_server_is_run_and_its_output_is_heard(url: str, ears: Ears) -> None:
    app = weather_server().streamable_http_app()
    async with serving(app, "/mcp") as server, calling(url) as caller:
        tool = {"type": "mcp", "server_label": "weather", "server_url": server.url}
        await with_tools(
            caller,
            {**tool, "allowed_tools": ["weather"], "require_approval": "never"},
            instructions=TELLS_WEATHER,
        )
        call = only_call(await caller.ask("question-weather"), "mcp_call")
        assert call.output == "It is sunny in Oslo."
        said = await words_in(ears, await caller.go_on())

    assert "sunny" in said.lower()


async def test_nothing_is_run_before_it_is_approved(url: str, ears: Ears) -> None:
    app = weather_server().streamable_http_app()
    async with serving(app, "/mcp") as server, calling(url) as caller:
        tool = {"type": "mcp", "server_label": "weather", "server_url": server.url}
        await with_tools(caller, {**tool, "allowed_tools": ["weather"]}, instructions=TELLS_WEATHER)
        await caller.ask("question-weather")
        asked = [
            event.item
            for event in caller.of("conversation.item.done")
            if event.item.type == "mcp_approval_request"
        ]
        assert not caller.of("response.mcp_call.in_progress")
        await caller.give(
            {
                "type": "mcp_approval_response",
                "approval_request_id": asked[0].id,
                "approve": True,
            }
        )
        await caller.until(lambda: caller.of("response.mcp_call.completed"))
        said = await words_in(ears, await caller.go_on())

    assert "sunny" in said.lower()


async def test_a_question_is_answered_from_documents_and_their_source_is_named(
    url: str, ears: Ears
) -> None:
    async with calling(url) as caller:
        await with_tools(caller, FILES, instructions=AT_THE_COUNTER)
        call = only_call(await caller.ask("question-batteries"), "mcp_call")
        assert "twelve months" in call.output
        said = await words_in(ears, await caller.go_on())
        answer = await caller.ask("question-source")
        if answer.calls("mcp_call"):  # it may look again
            answer = await caller.go_on()
        source = await words_in(ears, answer)

    assert re.search("twelve|12", said)
    assert re.search("warran[td]y|handbook", source.lower())


async def test_small_talk_is_not_looked_up(url: str) -> None:
    async with calling(url) as caller:
        await with_tools(caller, FILES, instructions=AT_THE_COUNTER)
        heard = await caller.ask("question-hello")

    assert not heard.calls("mcp_call")
    assert heard.words


async def test_a_calculation_is_made_by_code(url: str, ears: Ears) -> None:
    async with calling(url) as caller:
        await with_tools(caller, CODE, instructions=CALCULATES)
        calls = (await caller.ask("question-share")).calls("mcp_call")
        said = await words_in(ears, await caller.go_on())

    assert "60" in calls[-1].output
    assert re.search("60|[Ss]ixty", said), said


@pytest.mark.skipif(find_spec("rapidocr") is None, reason="needs vivavoce[pictures]")
async def test_what_a_picture_says_is_told(url: str, ears: Ears) -> None:
    async with calling(url) as caller:
        await with_tools(caller)
        picture = {"type": "input_image", "image_url": data_url(drawn(SIGN))}
        await caller.give({"type": "message", "role": "user", "content": [picture]})
        said = await words_in(ears, await caller.ask("question-sign"))

    assert "42" in said


async def test_an_output_that_comes_late_is_worked_in(url: str, ears: Ears) -> None:
    async with calling(url) as caller:
        await with_tools(caller, WEATHER, instructions=TELLS_WEATHER)
        call = only_call(await caller.ask("question-weather"), "function_call")
        meanwhile = await words_in(ears, await caller.ask("question-week"))
        output = '{"sky": "snow", "celsius": -4}'
        await caller.give(
            {"type": "function_call_output", "call_id": call.call_id, "output": output}
        )
        said = await words_in(ears, await caller.go_on())

    assert re.search("seven|7", meanwhile)
    assert "snow" in said.lower()


async def test_another_agent_takes_over(url: str, ears: Ears) -> None:
    async with calling(url) as caller:
        transfer = {
            "type": "function",
            "name": "transfer_to_workshop",
            "description": "Hand the caller over to the workshop, which knows about repairs.",
            "parameters": {"type": "object", "properties": {}, "required": []},
        }
        await with_tools(caller, transfer, instructions="You greet the callers of a tool shop.")
        call = only_call(await caller.ask("question-workshop"), "function_call")
        assert call.name == "transfer_to_workshop"
        await caller.update(
            instructions="You are the workshop of a tool shop. A repair takes two weeks.",
            tools=[WEATHER],
        )
        output = '{"assistant": "workshop"}'
        await caller.give(
            {"type": "function_call_output", "call_id": call.call_id, "output": output}
        )
        await words_in(ears, await caller.go_on())
        said = await words_in(ears, await caller.ask("question-repair"))

    assert re.search("two|2", said)
    assert "weeks" in said


async def test_a_forbidden_word_is_not_heard(url: str, ears: Ears) -> None:
    async with calling(url) as caller:
        await with_tools(caller)
        heard = await caller.ask("question-capital")
        said = await words_in(ears, heard)

    assert heard.response.status_details.reason == "content_filter"
    assert "Paris" not in said + str(caller.events)
    assert "keep that to myself" in said
