from contextlib import AsyncExitStack, aclosing

import pytest
from msgspec import structs

from tests.engines.raw_http import answering, events, whole
from vivavoce.engines.language_models.chat_completions import open_engine
from vivavoce.errors import ConfigError, EngineError
from vivavoce.interfaces import (
    Finished,
    ModelEvent,
    Prompt,
    PromptMessage,
    PromptRead,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from vivavoce.testing.http_engines import HttpRequests, HttpScript, http_engines
from vivavoce.testing.script import Call

USER = PromptMessage("user", "Hi.")
PROMPT = Prompt(session_id="sess_1", instructions="Be brief.", items=(USER,), spoken=False)


async def generated(answer: bytes, prompt: Prompt = PROMPT, **settings: object) -> list[ModelEvent]:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(answering(answer))
        language_model = await stack.enter_async_context(
            open_engine({"base_url": url, "model": "m", **settings})
        )
        events = [event async for event in language_model.generate(prompt)]
        return [event for event in events if not isinstance(event, PromptRead)]


def call(arguments: str, **more: str) -> str:
    extra = "".join(f'"{name}": "{value}", ' for name, value in more.items())
    index = f'{{"index": 0, {extra}"function": {{"name": "look", "arguments": "{arguments}"}}}}'
    return f'{{"choices": [{{"delta": {{"tool_calls": [{index}]}}}}]}}'


def end(reason: str) -> str:
    return f'{{"choices": [{{"delta": {{}}, "finish_reason": "{reason}"}}]}}'


async def test_text_and_usage_are_passed_on() -> None:
    found = await generated(
        events(
            '{"choices": [{"delta": {"role": "assistant", "content": ""}}]}',
            '{"choices": [{"delta": {"content": "Hel"}}]}',
            '{"choices": [{"delta": {"content": "lo."}}]}',
            end("stop"),
            '{"choices": [], "usage": {"prompt_tokens": 9, '
            '"prompt_tokens_details": {"cached_tokens": 4}}}',
            "[DONE]",
        )
    )

    assert found == [TextDelta("Hel"), TextDelta("lo."), Finished("stop", 9, 4)]


@pytest.mark.parametrize(
    ("reason", "ours"),
    [
        ("stop", "stop"),
        ("tool_calls", "stop"),
        ("length", "max_output_tokens"),
        ("content_filter", "content_filter"),
    ],
)
async def test_the_reason_of_the_end_is_translated(reason: str, ours: str) -> None:
    last = (await generated(events(end(reason), "[DONE]")))[-1]

    assert isinstance(last, Finished)
    assert last.reason == ours


async def test_calls_side_by_side_come_one_after_the_other() -> None:
    calls = (Call("look", '{"at": "sky"}'), Call("wait", "{}"))
    prompt = Prompt(session_id="sess_1", items=(USER,), tools=(Tool("look"), Tool("wait")))
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(http_engines(HttpScript(calls=calls)))
        language_model = await stack.enter_async_context(
            open_engine({"base_url": url, "model": "m"})
        )
        found = [event async for event in language_model.generate(prompt)]

    assert found[:-1] == [
        ToolCallStarted("look"),
        ToolCallDelta("{"),
        ToolCallDelta('"at": "sky"}'),
        ToolCallFinished(),
        ToolCallStarted("wait"),
        ToolCallDelta("{"),
        ToolCallDelta("}"),
        ToolCallFinished(),
    ]


async def test_calls_with_one_index_are_told_apart_by_their_ids() -> None:
    found = await generated(events(call("{}", id="a"), call("{}", id="b"), end("tool_calls")))

    assert found.count(ToolCallStarted("look")) == 2
    assert found.count(ToolCallFinished()) == 2


async def test_a_call_without_arguments_gets_an_empty_object() -> None:
    found = await generated(events(call(""), end("tool_calls")))

    assert found[:3] == [ToolCallStarted("look"), ToolCallDelta("{}"), ToolCallFinished()]


async def test_a_call_cut_by_the_limit_is_not_finished() -> None:
    found = await generated(events(call('{\\"a'), end("length")))

    assert found == [
        ToolCallStarted("look"),
        ToolCallDelta('{"a'),
        Finished("max_output_tokens"),
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (events('{"choices": [{"delta": {"content": "Hel"}}]}'), "stopped in the middle"),
        (events('{"error": {"message": "out of memory"}}'), "gave up: out of memory."),
        (events(call('{\\"a'), end("stop")), "made a call whose arguments are not JSON"),
        (events('{"choices": [{"delta": {"tool_calls": [{}]}}]}'), "made a call without a name"),
        (whole("404 Not Found", b'{"error": {"message": "no model m"}}'), "answered 404 Not Found"),
    ],
)
async def test_a_bad_answer_is_an_engine_error(answer: bytes, reason: str) -> None:
    with pytest.raises(EngineError, match=reason):
        await generated(answer)


async def test_done_is_an_end_without_a_reason_too() -> None:
    assert await generated(events("[DONE]")) == [Finished("stop")]


async def asked(prompt: Prompt, **settings: object) -> dict[str, object]:
    requests = HttpRequests()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(http_engines(FAST, requests=requests))
        language_model = await stack.enter_async_context(
            open_engine({"base_url": url, "model": "m", **settings})
        )
        await language_model.prefill(prompt)
        _ = [event async for event in language_model.generate(prompt)]
    assert len(requests.bodies) == (2 if settings.get("prefill") else 1)
    return requests.bodies[0]


FAST = HttpScript(transcript_ms=0, first_token_ms=0, token_ms=0, first_audio_ms=0)


async def test_the_request_holds_limit_tools_and_extra_fields() -> None:
    tool = Tool("look", "Looks.", {"type": "object", "properties": {"at": {"type": "string"}}})
    prompt = Prompt(
        session_id="sess_1",
        instructions="Be brief.",
        items=(USER,),
        tools=(tool,),
        tool_choice="function:look",
        max_output_tokens=50,
        spoken=False,
    )

    body = await asked(
        prompt, max_tokens_field="max_completion_tokens", extra_body={"temperature": 0.5}
    )

    assert body == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi."},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "look",
                    "description": "Looks.",
                    "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
                },
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": "look"}},
        "max_completion_tokens": 50,
        "temperature": 0.5,
    }


async def test_how_hard_to_think_and_single_calls_are_asked_for_when_set() -> None:
    prompt = structs.replace(
        PROMPT, tools=(Tool("look"),), parallel_tool_calls=False, reasoning_effort="high"
    )

    body = await asked(prompt, reasoning_efforts=["low", "high"])

    assert (body["parallel_tool_calls"], body["reasoning_effort"]) == (False, "high")


@pytest.mark.parametrize(("temperature", "expected"), [(0.7, {"temperature": 0.7}), (None, {})])
async def test_a_temperature_is_passed_on_when_there_is_one(
    temperature: float | None, expected: dict[str, object]
) -> None:
    body = await asked(Prompt(session_id="sess_1", items=(USER,), temperature=temperature))

    assert {name: value for name, value in body.items() if name == "temperature"} == expected


async def test_the_operators_temperature_comes_first() -> None:
    prompt = Prompt(session_id="sess_1", items=(USER,), temperature=0.7)

    body = await asked(prompt, extra_body={"temperature": 1})

    assert body["temperature"] == 1


async def test_prefill_asks_for_one_token() -> None:
    body = await asked(PROMPT, prefill=True)

    assert body["max_tokens"] == 1


async def test_closing_an_answer_closes_the_connection_at_once() -> None:
    requests = HttpRequests()
    async with AsyncExitStack() as stack:
        script = HttpScript(first_token_ms=0, token_ms=60_000)
        url = await stack.enter_async_context(http_engines(script, requests=requests))
        language_model = await stack.enter_async_context(
            open_engine({"base_url": url, "model": "m"})
        )
        async with aclosing(language_model.generate(PROMPT)) as stream:
            assert await anext(stream) == TextDelta("The ")
        await requests.all_ended()

    assert requests.n_cut == 1


async def test_tokens_are_estimated_and_all_tools_accepted() -> None:
    settings = {"base_url": "http://x/v1", "model": "m", "window_tokens": 4096}
    async with open_engine(settings) as language_model:
        assert await language_model.count_tokens(["", "abcd", "abcde"]) == [0, 1, 2]
        assert language_model.window_tokens == 4096
        language_model.check_tool(Tool("look", parameters={"type": "object", "pattern": "x"}))
        language_model.release("sess_1")


async def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="modle: there is no such setting"):
        async with open_engine({"base_url": "http://x/v1", "model": "m", "modle": "x"}):
            pass
