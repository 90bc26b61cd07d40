import json
from typing import Any

import pytest
from hypothesis import given

from tests.engines.language_models.llama_cpp.fits import fits
from tests.engines.language_models.llama_cpp.schemas import (
    EXAMPLES,
    REFUSED,
    argument_schemas,
)
from vivavoce.engines.language_models.llama_cpp.examples import example_arguments, example_turns
from vivavoce.interfaces import PromptToolCall, Tool


@pytest.mark.parametrize("schema", EXAMPLES[:2])
def test_example_arguments_fit_their_schema(schema: dict[str, Any]) -> None:
    assert fits(example_arguments(Tool("act", parameters=schema)), schema)


@given(schema=argument_schemas())
def test_any_schema_has_example_arguments(schema: dict[str, Any]) -> None:
    json.dumps(example_arguments(Tool("act", parameters=schema)))


@pytest.mark.parametrize(("schema", "_param"), REFUSED)
def test_a_schema_that_is_refused_harms_nobody(schema: dict[str, Any], _param: str) -> None:
    json.dumps(example_arguments(Tool("act", parameters=schema)))


def test_a_second_example_call_is_made_from_the_last_tool() -> None:
    turns = example_turns([Tool("a"), Tool("b"), Tool("c")])

    assert [turn.name for turn in turns if isinstance(turn, PromptToolCall)] == ["a", "c"]
