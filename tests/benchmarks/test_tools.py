"""The cases of the `tools` benchmark, and how they are scored."""

import json
import re
from typing import Any

import pytest

from benchmarks.plain_chat import calls_in
from benchmarks.tool_cases import Case, CaseSet, OneOf, Wanted, Words, case, fits, one_of, words
from benchmarks.tool_cases_home import HOME
from benchmarks.tool_cases_travel import TRAVEL
from benchmarks.tool_scores import Found, Score
from tests.engines.language_models.llama_cpp.fits import fits as fits_schema
from vivavoce.engines.language_models.llama_cpp.garden import GARDEN_TALK, GARDEN_TOOLS
from vivavoce.engines.language_models.llama_cpp.grammar import check_schema
from vivavoce.interfaces import PromptMessage

ALL = [(half, it) for half in (HOME, TRAVEL) for it in half.cases]

# Words without which nothing can be said, what an apostrophe leaves of them, and greetings, with
# which every talk begins.
_COMMON = """
a an and are at be did do does for from get got had has have hello how i if in into is it its me my
no not of on or our so than that the them they this to too up was were what which who why with you
your yes can could would will help out
d ll m s t ve
"""
COMMON = set(_COMMON.split())


def content_words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower())) - COMMON


def test_there_are_enough_cases_and_tools() -> None:
    assert len(ALL) >= 60
    assert sum(not it.calls for _, it in ALL) >= 20
    assert all(len(half.tools) >= 8 for half in (HOME, TRAVEL))
    for half in (HOME, TRAVEL):
        assert {call.name for it in half.cases for call in it.calls} == {
            tool.name for tool in half.tools
        }


def test_no_prompt_shares_a_word_with_the_example_turns() -> None:
    said = " ".join(item.text for item in GARDEN_TALK if isinstance(item, PromptMessage))
    shown = content_words(said) | content_words(" ".join(tool.name for tool in GARDEN_TOOLS))

    shared = {it.said: found for _, it in ALL if (found := content_words(it.said) & shown)}

    assert shared == {}


@pytest.mark.parametrize(("half", "it"), ALL)
def test_what_is_wanted_fits_the_schemas(half: CaseSet, it: Case) -> None:
    schemas = {tool.name: tool.parameters for tool in half.tools}
    for call in it.calls:
        arguments = {name: plain(value) for name, value in call.arguments.items()}
        assert fits_schema(arguments, schemas[call.name])
        for name, value in call.allowed.items():
            assert fits_schema({**arguments, name: plain(value)}, schemas[call.name])


@pytest.mark.parametrize("tool", [*HOME.tools, *TRAVEL.tools])
def test_the_bundled_engine_takes_the_tools(tool: Any) -> None:
    check_schema(tool)


def plain(value: Any) -> Any:
    if isinstance(value, OneOf):
        return plain(value.values[0])
    if isinstance(value, Words):
        return " ".join(value.words)
    return [plain(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("wanted", "found", "is_right"),
    [
        ("Rome", "rome.", True),
        ("12 Mill Lane", "the 12 mill lane", True),
        ("Rome", "Oslo", False),
        (20, 20.0, True),
        (1, True, False),
        (True, True, True),
        (["a", "b"], ["b", "a"], True),
        (["a"], ["a", "a"], False),
        ({"x": 1}, {"x": 1}, True),
        ({"x": 1}, {"x": 1, "y": 2}, False),
        (words("late", "ten"), "I am ten minutes LATE", True),
        (words("late"), "soon", False),
        (one_of("Germany", "German"), "german", True),
        ("Rome", None, False),
        ({"x": 1}, "x", False),
    ],
)
def test_values_are_compared_by_what_they_mean(wanted: Any, found: Any, is_right: bool) -> None:
    assert fits(wanted, found) is is_right


def scored(it: Case, *calls: tuple[str, dict[str, Any]]) -> Score:
    score = Score()
    score.add(it, HOME.tools, Found([(name, json.dumps(found)) for name, found in calls], "Hm."))
    return score


LOCK = case("Lock it.", calls=[Wanted("lock_door", {"door": "back"})])
PLAY = case("Play jazz.", calls=[Wanted("play_music", {"what": "jazz"}, {"room": "kitchen"})])


def test_the_right_call_counts_as_right() -> None:
    score = scored(LOCK, ("lock_door", {"door": "back"}))

    assert (score.cases.right, score.tools.right, score.arguments.right) == (1, 1, 1)
    assert score.valid.right == 1
    assert score.wrong == []


def test_a_wrong_argument_leaves_the_choice_of_tool_right() -> None:
    score = scored(LOCK, ("lock_door", {"door": "front"}))

    assert (score.cases.right, score.tools.right, score.arguments.right) == (0, 1, 0)
    assert score.wrong == ['Lock it. -> lock_door {"door": "front"}']


def test_an_argument_made_up_is_wrong_unless_it_is_allowed() -> None:
    allowed = scored(PLAY, ("play_music", {"what": "jazz", "room": "kitchen"}))
    made_up = scored(PLAY, ("play_music", {"what": "jazz", "room": "bedroom"}))

    assert (allowed.cases.right, made_up.cases.right) == (1, 0)
    assert (made_up.arguments.right, made_up.arguments.total) == (1, 2)


def test_one_call_too_many_is_wrong() -> None:
    call = ("lock_door", {"door": "back"})

    assert scored(LOCK, call, call).cases.right == 0


def test_words_where_a_call_was_wanted_are_wrong() -> None:
    score = scored(LOCK)

    assert (score.cases.total, score.cases.right) == (1, 0)
    assert score.wrong == ["Lock it. -> Hm."]


def test_a_call_where_words_were_wanted_is_wrong() -> None:
    score = scored(case("Hello."), ("lock_door", {"door": "back"}))

    assert (score.words.total, score.words.right) == (1, 0)


def test_arguments_that_do_not_fit_are_counted() -> None:
    score = scored(LOCK, ("lock_door", {"door": "roof"}), ("unknown", {}))

    assert (score.valid.total, score.valid.right) == (2, 0)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "f", "arguments": {"x": 1}}',
        'Sure!\n```json\n{"name": "f", "arguments": {"x": 1}}\n```',
        '<tool_call>{"name": "f", "arguments": {"x": 1}}</tool_call> { broken',
        '{{"name": "f", "arguments": {"x": 1}}}',
    ],
)
def test_calls_are_found_in_words_however_they_are_wrapped(text: str) -> None:
    assert list(calls_in(text)) == [("f", '{"x": 1}')]
