from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.language_models.llama_cpp.answer import AnswerReader
from vivavoce.errors import EngineError
from vivavoce.interfaces import (
    ModelEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)

TWO_CALLS = (
    '{"name": "a", "arguments": {"x": "}\\"]{", "y": [1, {}]}}\n{"name": "b", "arguments": {}}'
)


def read(pieces: list[str], *, may_call: bool = True) -> list[ModelEvent]:
    reader = AnswerReader(may_call=may_call)
    return [event for piece in pieces for event in reader.push(piece, 1)] + reader.end()


def test_words_are_passed_on_as_they_come() -> None:
    assert read(["Hi", " there", "."]) == [TextDelta("Hi"), TextDelta(" there"), TextDelta(".")]


def test_what_looks_like_a_call_is_words_when_no_call_may_be_made() -> None:
    assert read(["{}"], may_call=False) == [TextDelta("{}")]


@given(cuts=st.lists(st.integers(0, len(TWO_CALLS))).map(sorted))
def test_calls_are_read_however_their_text_is_cut(cuts: list[int]) -> None:
    edges = [0, *cuts, len(TWO_CALLS)]
    pieces = [TWO_CALLS[start:end] for start, end in pairwise(edges)]

    events = read(pieces)

    shape = [event for event in events if not isinstance(event, ToolCallDelta)]
    arguments = "".join(event.arguments for event in events if isinstance(event, ToolCallDelta))
    n_tokens = sum(event.n_tokens for event in events if isinstance(event, ToolCallDelta))
    assert shape == [
        ToolCallStarted("a"),
        ToolCallFinished(),
        ToolCallStarted("b"),
        ToolCallFinished(),
    ]
    assert arguments == '{"x": "}\\"]{", "y": [1, {}]}{}'
    assert 1 <= n_tokens <= len(pieces)


def test_a_call_that_is_cut_off_does_not_finish() -> None:
    assert read(['{"name": "a", "arguments": {"x": ']) == [
        ToolCallStarted("a"),
        ToolCallDelta('{"x": '),
    ]


CALL = '{"name": "a", "arguments": {"x": 1}}'


def test_a_call_that_was_made_before_is_not_told_and_is_the_last() -> None:
    reader = AnswerReader(may_call=True)
    pieces = [CALL, "\n", CALL.replace("1", "12"), "\n", CALL[:20], CALL[20:]]

    events = [event for piece in pieces for event in reader.push(piece, 1)]

    assert events + reader.end() == [
        ToolCallStarted("a"),
        ToolCallDelta('{"x": 1}'),
        ToolCallFinished(),
        ToolCallStarted("a"),
        ToolCallDelta('{"x": 12}', 2),
        ToolCallFinished(),
    ]
    assert reader.is_repeating


def test_the_end_of_the_last_call_is_told_with_the_end_of_the_answer() -> None:
    reader = AnswerReader(may_call=True)

    assert ToolCallFinished() not in reader.push(CALL, 1)
    assert reader.end() == [ToolCallFinished()]


def test_a_call_is_held_back_only_while_it_is_like_one_before() -> None:
    reader = AnswerReader(may_call=True)
    reader.push(CALL, 1)

    assert reader.push('\n{"name": "a", "arguments": {"x": ', 1) == []
    assert reader.push("2", 1) == [
        ToolCallFinished(),
        ToolCallStarted("a"),
        ToolCallDelta('{"x": '),
        ToolCallDelta("2"),
    ]
    assert not reader.is_repeating


def test_what_begins_like_a_call_and_is_none_is_an_error() -> None:
    with pytest.raises(EngineError) as error:
        read(["{" + "x" * 400])

    assert error.value.code == "broken_tool_call"
