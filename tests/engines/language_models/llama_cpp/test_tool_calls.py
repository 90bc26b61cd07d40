"""Tool calls of the smaller bundled model: when it makes them, and that they fit."""

import json
from typing import Any

import pytest

from tests.engines.language_models.llama_cpp.fits import fits
from tests.engines.language_models.llama_cpp.schemas import EXAMPLES
from tests.engines.language_models.llama_cpp.whole_answers import LIGHT, TOOLS, answer, prompt_of
from vivavoce.errors import EngineError
from vivavoce.interfaces import LanguageModel, PromptMessage, PromptToolCall, PromptToolOutput, Tool

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]
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


async def test_a_tool_that_was_never_checked_costs_its_response_only(model: LanguageModel) -> None:
    broken = Tool("act", parameters={"type": "object", "properties": {"x": {"pattern": "a"}}})

    with pytest.raises(EngineError) as error:
        await answer(model, prompt_of("broken", "Act.", tools=(broken,)))

    assert error.value.code == "invalid_tools"
