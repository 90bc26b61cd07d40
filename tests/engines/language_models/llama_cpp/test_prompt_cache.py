"""What the smaller bundled model has read once, it does not read again."""

import asyncio

import pytest

from tests.engines.language_models.llama_cpp.whole_answers import (
    LONG_TEXT,
    Whole,
    answer,
    prompt_of,
)
from vivavoce.interfaces import LanguageModel, PromptMessage

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="module")]


def share_cached(found: Whole) -> float:
    """Return how much of its prompt an answer did not have to read, 0 to 1."""
    assert found.end.input_tokens
    assert found.end.cached_tokens is not None
    return found.end.cached_tokens / found.end.input_tokens


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

    assert share_cached(found) > 0.9


async def test_sessions_set_up_alike_read_their_instructions_once(model: LanguageModel) -> None:
    first = prompt_of("alike_1", "Hi.", instructions=LONG_TEXT.lower(), max_output_tokens=3)
    await answer(model, first)
    for session_id in ("alike_2", "alike_3", "alike_4"):  # more than there are slots
        other = prompt_of(session_id, "Bye.", instructions=first.instructions, max_output_tokens=3)

        found = await answer(model, other)

        assert share_cached(found) > 0.9


async def test_what_remains_when_the_oldest_items_are_dropped_is_not_read_again(
    model: LanguageModel,
) -> None:
    turns = [f"{number}: {LONG_TEXT[:300]}" for number in range(8)]
    await answer(model, prompt_of("window", *turns, max_output_tokens=3))

    shorter = await answer(model, prompt_of("window", *turns[3:], max_output_tokens=3))

    assert share_cached(shorter) > 0.9


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

    assert share_cached(again) > 0.9
