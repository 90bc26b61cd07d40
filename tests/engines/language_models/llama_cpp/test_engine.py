"""Answers in words of the smaller bundled model."""

import asyncio
from contextlib import aclosing

import pytest
from msgspec import structs

from tests.engines.language_models.llama_cpp.whole_answers import (
    LONG_TEXT,
    WINDOW_TOKENS,
    answer,
    prompt_of,
)
from vivavoce.engines.language_models.llama_cpp.engine import open_engine
from vivavoce.errors import ConfigError, EngineError
from vivavoce.interfaces import LanguageModel

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]


async def test_a_simple_question_is_answered(model: LanguageModel) -> None:
    found = await answer(model, prompt_of("question", "What is the capital of France?"))

    assert "Paris" in found.text
    assert found.end.reason == "stop"


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
