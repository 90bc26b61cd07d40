"""The engine with the smaller bundled model, in a worker process of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import pytest
import pytest_asyncio
from msgspec import Struct, structs

from tests.bundled_models import model_dir
from tests.engines.language_models.llama_cpp.fits import fits
from tests.engines.language_models.llama_cpp.schemas import EXAMPLES
from vivavoce.engines.language_models.llama_cpp.engine import open_engine
from vivavoce.errors import ConfigError, EngineError
from vivavoce.interfaces import (
    Finished,
    LanguageModel,
    ModelEvent,
    Prompt,
    PromptItem,
    PromptMessage,
    PromptRead,
    PromptToolCall,
    PromptToolOutput,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]

INSTRUCTIONS = "You are a friendly assistant. Answer briefly and to the point."
LIGHT = Tool(
    "set_light",
    "Turn a light on or off.",
    {
        "type": "object",
        "properties": {"room": {"type": "string"}, "on": {"type": "boolean"}},
        "required": ["room", "on"],
    },
)
TIMER = Tool(
    "set_timer",
    "Set a timer.",
    {
        "type": "object",
        "properties": {"minutes": {"type": "integer", "minimum": 1, "maximum": 600}},
        "required": ["minutes"],
    },
)
TOOLS = (LIGHT, TIMER)
WINDOW_TOKENS = 1024
LONG_TEXT = "The quick brown fox jumps over the lazy dog by the river. " * 20  # some 260 tokens

WIDE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 500},
        "list": {"type": "array", "minItems": 1, "maxItems": 500, "items": {"enum": [1, "é"]}},
        "any": {},
        "free": {"type": "object"},
        "share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "none": {"anyOf": [{"type": "null"}, {"type": "integer", "maximum": -7}]},
    },
    "required": ["text", "list", "any", "free", "share", "none"],
}


def model_path() -> str:
    (path,) = model_dir("qwen2.5-coder-0.5b-instruct").glob("*.gguf")
    return str(path)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model() -> AsyncIterator[LanguageModel]:
    async with open_engine(
        {"model_path": model_path(), "slots": 2, "window_tokens": WINDOW_TOKENS}
    ) as it:
        yield it


def prompt_of(session_id: str, *items: PromptItem | str, **others: Any) -> Prompt:
    return Prompt(
        session_id=session_id,
        instructions=others.pop("instructions", INSTRUCTIONS),
        items=tuple(PromptMessage("user", it) if isinstance(it, str) else it for it in items),
        **others,
    )


class Whole(Struct):
    """A whole answer."""

    text: str
    calls: list[tuple[str, str]]
    end: Finished
    n_tokens: int


async def answer(model: LanguageModel, prompt: Prompt) -> Whole:
    async with aclosing(model.generate(prompt)) as events:
        return whole([event async for event in events])


def whole(events: Sequence[ModelEvent | PromptRead]) -> Whole:
    text, calls, n_tokens = "", [], 0
    name, arguments = "", ""
    for event in events[:-1]:
        match event:
            case TextDelta():
                text += event.text
                n_tokens += event.n_tokens
            case ToolCallStarted():
                name, arguments = event.name, ""
            case ToolCallDelta():
                arguments += event.arguments
                n_tokens += event.n_tokens
            case ToolCallFinished():
                calls.append((name, arguments))
            case Finished() | PromptRead():
                pass
    (end,) = [event for event in events if isinstance(event, Finished)]
    assert events[-1] is end
    return Whole(text, calls, end, n_tokens)


async def test_a_simple_question_is_answered(model: LanguageModel) -> None:
    found = await answer(model, prompt_of("question", "What is the capital of France?"))

    assert "Paris" in found.text
    assert found.end.reason == "stop"


async def test_a_request_becomes_a_call_whose_arguments_fit(model: LanguageModel) -> None:
    prompt = prompt_of("call", "Turn on the light in the kitchen.", tools=TOOLS)

    found = await answer(model, prompt)

    ((name, arguments),) = found.calls
    assert name == "set_light"
    assert fits(json.loads(arguments), LIGHT.parameters)
    assert json.loads(arguments)["on"] is True
    assert found.text == ""


async def test_small_talk_is_answered_in_words_though_there_are_tools(
    model: LanguageModel,
) -> None:
    found = await answer(model, prompt_of("talk", "Hello!", tools=TOOLS))

    assert found.calls == []
    assert found.text


async def test_the_result_of_a_call_is_told_in_words(model: LanguageModel) -> None:
    call = PromptToolCall("call_1", "set_timer", '{"minutes": 3}')
    output = PromptToolOutput("call_1", "The timer is set to three minutes.")

    found = await answer(model, prompt_of("result", "Set a timer.", call, output, tools=TOOLS))

    assert found.calls == []
    assert "timer" in found.text.lower()


async def test_with_none_chosen_no_call_is_made(model: LanguageModel) -> None:
    prompt = prompt_of("none", "Set a timer for 5 minutes.", tools=TOOLS, tool_choice="none")

    found = await answer(model, prompt)

    assert found.calls == []
    assert found.text
    assert "{" not in found.text


async def test_with_required_chosen_a_call_is_made(model: LanguageModel) -> None:
    found = await answer(model, prompt_of("required", "Hi.", tools=TOOLS, tool_choice="required"))

    assert found.calls


async def test_the_named_function_is_called(model: LanguageModel) -> None:
    prompt = prompt_of("named", "Turn on the light.", tools=TOOLS, tool_choice="function:set_timer")

    found = await answer(model, prompt)

    assert {name for name, _ in found.calls} == {"set_timer"}


async def test_without_parallel_calls_one_is_made_at_most(model: LanguageModel) -> None:
    prompt = prompt_of(
        "single",
        "Turn on the light in the kitchen and set a timer for 5 minutes.",
        tools=TOOLS,
        tool_choice="required",
        parallel_tool_calls=False,
    )

    assert len((await answer(model, prompt)).calls) == 1


@pytest.mark.parametrize("output", ["", "not JSON {", '{"error": "The timer is broken."}'])
async def test_a_wrong_output_is_followed_by_words(model: LanguageModel, output: str) -> None:
    call = PromptToolCall("call_1", "set_timer", '{"minutes": 3}')
    items = ("Set a timer for 3 minutes.", call, PromptToolOutput("call_1", output))

    found = await answer(model, prompt_of("wrong", *items, tools=TOOLS))

    assert found.calls == []
    assert found.text


async def test_a_result_that_comes_late_is_worked_in(model: LanguageModel) -> None:
    call = PromptToolCall("call_1", "find_key", "{}")
    items = (
        "Where is my key?",
        call,
        PromptToolOutput("call_1", '{"status": "pending"}'),
        PromptMessage("assistant", "I am looking for it."),
        "How many legs does a spider have?",
        PromptMessage("assistant", "Eight."),
        PromptMessage("system", "The result of find_key has come: It is under the sofa."),
    )

    found = await answer(model, prompt_of("late", *items, tools=(*TOOLS, Tool("find_key"))))

    assert "sofa" in found.text


@pytest.mark.parametrize("schema", [*EXAMPLES, WIDE])
async def test_the_runtime_takes_every_grammar(model: LanguageModel, schema: Any) -> None:
    tool = Tool("act", "Act.", schema)
    prompt = prompt_of(
        "schemas", "Act.", tools=(tool,), tool_choice="required", max_output_tokens=60
    )

    found = await answer(model, prompt)

    assert all(fits(json.loads(arguments), schema) for _, arguments in found.calls)
    assert found.calls or found.end.reason == "max_output_tokens"


async def test_a_call_cut_by_max_output_tokens_does_not_finish(model: LanguageModel) -> None:
    prompt = prompt_of(
        "cut", "Turn on the light.", tools=TOOLS, tool_choice="required", max_output_tokens=12
    )

    found = await answer(model, prompt)

    assert found.calls == []
    assert found.end.reason == "max_output_tokens"


async def test_the_temperature_changes_what_is_written(model: LanguageModel) -> None:
    async def animals(temperature: float | None) -> str:
        prompt = prompt_of("warm", "Name ten animals.", max_output_tokens=60)
        return (await answer(model, structs.replace(prompt, temperature=temperature))).text

    coldest = await animals(0.0)

    assert await animals(1.2) != coldest


async def test_words_are_cut_at_max_output_tokens(model: LanguageModel) -> None:
    found = await answer(model, prompt_of("cut", "Tell me a story.", max_output_tokens=5))

    assert found.end.reason == "max_output_tokens"
    assert found.n_tokens == 5


async def test_the_next_turn_reads_only_what_is_new(model: LanguageModel) -> None:
    first = await answer(model, prompt_of("turns", LONG_TEXT, "What animal is quick?"))
    said = PromptMessage("assistant", first.text)
    later = prompt_of("turns", LONG_TEXT, "What animal is quick?", said, "And which is lazy?")

    second = await answer(model, later)

    assert second.end.input_tokens is not None
    assert second.end.cached_tokens is not None
    assert second.end.input_tokens - second.end.cached_tokens < 20


async def test_a_prompt_read_ahead_is_not_read_again(model: LanguageModel) -> None:
    prompt = prompt_of("ahead", LONG_TEXT[::-1], "What was that?", max_output_tokens=3)

    await model.prefill(prompt)
    found = await answer(model, prompt)

    assert found.end.input_tokens is not None
    assert found.end.cached_tokens is not None
    assert found.end.cached_tokens > 0.9 * found.end.input_tokens


async def test_sessions_set_up_alike_read_their_instructions_once(model: LanguageModel) -> None:
    first = prompt_of("alike_1", "Hi.", instructions=LONG_TEXT.lower(), max_output_tokens=3)
    await answer(model, first)
    for session_id in ("alike_2", "alike_3", "alike_4"):  # more than there are slots
        other = prompt_of(session_id, "Bye.", instructions=first.instructions, max_output_tokens=3)

        found = await answer(model, other)

        assert found.end.input_tokens is not None
        assert found.end.cached_tokens is not None
        assert found.end.cached_tokens > 0.9 * found.end.input_tokens


async def test_what_remains_when_the_oldest_items_are_dropped_is_not_read_again(
    model: LanguageModel,
) -> None:
    turns = [f"{number}: {LONG_TEXT[:300]}" for number in range(8)]
    await answer(model, prompt_of("window", *turns, max_output_tokens=3))

    shorter = await answer(model, prompt_of("window", *turns[3:], max_output_tokens=3))

    assert shorter.end.input_tokens is not None
    assert shorter.end.cached_tokens is not None
    assert shorter.end.cached_tokens > 0.9 * shorter.end.input_tokens


async def test_two_sessions_at_once_do_not_mix(model: LanguageModel) -> None:
    france = prompt_of("mix_1", "What is the capital of France?")
    japan = prompt_of("mix_2", "What is the capital of Japan?")

    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(answer(model, france))
        second = tasks.create_task(answer(model, japan))

    assert "Paris" in first.result().text
    assert "Tokyo" in second.result().text


async def test_a_cancelled_answer_frees_its_slot(model: LanguageModel) -> None:
    endless = prompt_of("cancel", "Count from one to five hundred.", spoken=False)
    async with aclosing(model.generate(endless)) as events:
        await anext(events)

    async with asyncio.timeout(5):
        found = await answer(model, prompt_of("cancel", "Say hi.", max_output_tokens=5))

    assert found.text


async def test_a_cancelled_prefill_makes_room_for_a_live_turn(model: LanguageModel) -> None:
    ahead = prompt_of("prefill", LONG_TEXT.upper() * 2)
    async with asyncio.TaskGroup() as tasks:
        prefill = tasks.create_task(model.prefill(ahead))
        await asyncio.sleep(0)  # let it begin
        prefill.cancel()

        found = await answer(model, prompt_of("prefill", "Say hi.", max_output_tokens=5))

    assert found.text


async def test_a_newer_prefill_takes_the_place_of_an_older_one(model: LanguageModel) -> None:
    older = prompt_of("newer", LONG_TEXT.title() * 2, "One.")
    newer = prompt_of("newer", "Two.", max_output_tokens=3)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(model.prefill(older))
        tasks.create_task(model.prefill(newer))

    assert first.done()
    found = await answer(model, newer)
    assert found.end.cached_tokens


async def test_answers_outside_the_conversation_leave_its_cache_alone(
    model: LanguageModel,
) -> None:
    prompt = prompt_of("beside", LONG_TEXT, "Say hi.", max_output_tokens=3)
    await answer(model, prompt)
    await answer(model, prompt_of("beside", "Other.", out_of_band=True, max_output_tokens=3))

    again = await answer(model, prompt)

    assert again.end.input_tokens is not None
    assert again.end.cached_tokens is not None
    assert again.end.cached_tokens > 0.9 * again.end.input_tokens


async def test_a_prompt_beyond_the_window_is_refused(model: LanguageModel) -> None:
    with pytest.raises(EngineError) as error:
        await answer(model, prompt_of("beyond", LONG_TEXT * 5))

    assert error.value.code == "context_length_exceeded"


async def test_an_answer_ends_with_the_window(model: LanguageModel) -> None:
    (n_tokens,) = await model.count_tokens([LONG_TEXT * 3])
    filler = LONG_TEXT * 3 + "fox " * (WINDOW_TOKENS - n_tokens - 80)

    found = await answer(model, prompt_of("edge", filler, "Tell a very long story.", spoken=False))

    assert found.end.input_tokens is not None
    assert found.end.input_tokens + found.n_tokens <= WINDOW_TOKENS


async def test_tokens_of_texts_are_counted_without_any_for_roles(model: LanguageModel) -> None:
    assert await model.count_tokens(["", "Hello", "Hello there.", "<|im_end|>"]) == [0, 1, 3, 6]


async def test_a_tool_that_was_never_checked_costs_its_response_only(model: LanguageModel) -> None:
    broken = Tool("act", parameters={"type": "object", "properties": {"x": {"pattern": "a"}}})

    with pytest.raises(EngineError) as error:
        await answer(model, prompt_of("broken", "Act.", tools=(broken,)))

    assert error.value.code == "invalid_tools"


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ({"model_path": "no-such.gguf"}, "model_path"),
        ({"model_path": __file__}, "model_path"),
        ({"model_path": "x", "slots": 0}, "slots"),
        ({"model_path": "x", "window_tokens": 1}, "window_tokens"),
        ({"model_path": "x", "threads": -1}, "threads"),
        ({"model_path": "x", "colour": 1}, "colour"),
        ({}, "model_path"),
    ],
)
async def test_settings_that_cannot_be_used_are_named(
    settings: dict[str, object], path: str
) -> None:
    with pytest.raises(ConfigError) as error:
        async with open_engine(settings):
            pass

    assert error.value.path == path
