import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.engines.language_models.llama_cpp.fits import fits
from tests.engines.language_models.llama_cpp.gbnf import Gbnf
from tests.engines.language_models.llama_cpp.schemas import EXAMPLES, REFUSED, argument_schemas
from vivavoce.engines.language_models.llama_cpp.answer import AnswerReader
from vivavoce.engines.language_models.llama_cpp.grammar import (
    answer_grammar,
    call_bias,
    check_schema,
)
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import (
    Prompt,
    PromptItem,
    PromptMessage,
    PromptToolCall,
    PromptToolOutput,
    TextDelta,
    Tool,
    ToolCallStarted,
)


def prompt_with(*tools: Tool, tool_choice: str = "required", spoken: bool = True) -> Prompt:
    return Prompt(session_id="sess_1", tools=tools, tool_choice=tool_choice, spoken=spoken)


def written(data: st.DataObject, prompt: Prompt) -> str:
    grammar = answer_grammar(prompt)
    assert grammar is not None
    return Gbnf(grammar).write(data.draw)


def check_calls(text: str, schemas: dict[str, Any]) -> None:
    for line in text.split("\n"):
        call = json.loads(line)
        assert list(call) == ["name", "arguments"]
        assert fits(call["arguments"], schemas[call["name"]]), (call, schemas)


@settings(deadline=None)
@given(data=st.data(), schema=argument_schemas())
def test_every_call_the_grammar_admits_parses_and_fits_its_schema(
    data: st.DataObject, schema: dict[str, Any]
) -> None:
    text = written(data, prompt_with(Tool("act", parameters=schema)))

    check_calls(text, {"act": schema})


@pytest.mark.parametrize("schema", EXAMPLES)
@settings(deadline=None)
@given(data=st.data())
def test_every_call_of_a_written_out_schema_fits(data: st.DataObject, schema: Any) -> None:
    text = written(data, prompt_with(Tool("act", parameters=schema)))

    check_calls(text, {"act": schema})


@settings(deadline=None)
@given(data=st.data())
def test_arguments_of_a_function_without_parameters_are_empty(data: st.DataObject) -> None:
    text = written(data, prompt_with(Tool("stop")))

    assert {json.dumps(json.loads(line)["arguments"]) for line in text.split("\n")} == {"{}"}


@settings(deadline=None)
@given(data=st.data())
def test_words_and_calls_are_told_apart_by_the_first_character(data: st.DataObject) -> None:
    tools = Tool("stop"), Tool("act", parameters={"type": "object"})
    text = written(data, prompt_with(*tools, tool_choice="auto"))

    events = AnswerReader(may_call=True).push(text, 1)

    kinds = {ToolCallStarted} if text.startswith("{") else {TextDelta}
    assert {type(event) for event in events[:1]} == kinds


@settings(deadline=None)
@given(data=st.data())
def test_spoken_words_hold_no_code_and_no_markdown(data: st.DataObject) -> None:
    text = written(data, prompt_with(Tool("stop"), tool_choice="auto"))

    assert text.startswith("{") or not set(text) & set("{}`*#")


@settings(deadline=None)
@given(data=st.data())
def test_a_named_function_is_the_only_one_called(data: st.DataObject) -> None:
    tools = Tool("stop"), Tool("go")
    text = written(data, prompt_with(*tools, tool_choice="function:go"))

    assert {json.loads(line)["name"] for line in text.split("\n")} == {"go"}


def test_several_calls_are_possible_in_one_answer() -> None:
    grammar = answer_grammar(prompt_with(Tool("stop")))

    assert grammar is not None
    assert r'("\n" call){0,7}' in grammar


def test_one_call_is_the_most_where_the_client_wants_no_parallel_ones() -> None:
    grammar = answer_grammar(structs.replace(prompt_with(Tool("stop")), parallel_tool_calls=False))

    assert grammar is not None
    assert r'("\n" call){0,0}' in grammar


@pytest.mark.parametrize(
    "prompt",
    [prompt_with(tool_choice="auto"), prompt_with(Tool("stop"), tool_choice="none")],
)
def test_without_tools_or_with_none_chosen_anything_goes(prompt: Prompt) -> None:
    assert answer_grammar(prompt) is None


def test_an_unknown_named_function_is_refused() -> None:
    with pytest.raises(ProtocolError) as refusal:
        answer_grammar(prompt_with(Tool("stop"), tool_choice="function:go"))

    assert refusal.value.param == "tool_choice"


@pytest.mark.parametrize(("schema", "param"), REFUSED)
def test_what_cannot_be_honoured_is_refused_by_the_path_of_its_keyword(
    schema: Any, param: str
) -> None:
    with pytest.raises(ProtocolError) as refusal:
        check_schema(Tool("act", parameters=schema))

    assert (refusal.value.code, refusal.value.param) == ("invalid_value", param)
    assert param in refusal.value.message


def test_definitions_that_multiply_are_written_once() -> None:
    definitions: dict[str, Any] = {"d0": {"type": "string"}}
    for number in range(1, 11):
        part = {"$ref": f"#/$defs/d{number - 1}"}
        definitions[f"d{number}"] = {
            "type": "object",
            "properties": {f"p{index}": part for index in range(20)},
        }
    schema = {
        "type": "object",
        "properties": {"x": {"$ref": "#/$defs/d10"}},
        "$defs": definitions,
    }

    grammar = answer_grammar(prompt_with(Tool("act", parameters=schema)))

    assert grammar is not None
    assert len(grammar) < 20_000


@pytest.mark.parametrize(
    ("items", "bias"),
    [
        ((PromptMessage("user", "Hi."),), 3.0),
        ((), 3.0),
        ((PromptToolOutput("call_1", "1"),), -4.0),
        ((PromptMessage("system", "The result of act has come: 1"),), -4.0),
        ((PromptToolCall("call_1", "act", "{}"), PromptMessage("user", "Hi.")), 0.0),
    ],
)
def test_a_first_call_is_favoured_and_one_behind_a_result_held_back(
    items: tuple[PromptItem, ...], bias: float
) -> None:
    prompt = structs.replace(prompt_with(Tool("act"), tool_choice="auto"), items=items)

    assert call_bias(prompt, 3.0) == bias


@pytest.mark.parametrize(("usual", "bias"), [(3.0, 0.0), (-3.0, -3.0)])
def test_in_text_sessions_calls_can_only_be_held_back(usual: float, bias: float) -> None:
    prompt = structs.replace(prompt_with(Tool("act"), tool_choice="auto"), spoken=False)

    assert call_bias(prompt, usual) == bias


@pytest.mark.parametrize("tool_choice", ["none", "required", "function:act"])
def test_where_there_is_no_choice_nothing_is_favoured(tool_choice: str) -> None:
    assert call_bias(prompt_with(Tool("act"), tool_choice=tool_choice), 3.0) == 0
