"""Answers of a realtime service that nobody wants any more."""

import asyncio
from contextlib import aclosing

import pytest

from tests.engines.responders.realtime_engine import (
    FRANCE,
    answer_next,
    answered,
    begin,
    chained,
    done,
    playing,
    request,
    text_of,
)
from tests.engines.responders.upstream import Talk
from vivavoce.errors import EngineError
from vivavoce.interfaces import AudioDelta, Finished, PromptMessage, ResponderEngine


async def leave_answer(engine: ResponderEngine, is_asked: asyncio.Event) -> None:
    """Ask for an answer, and want it no more once the service knows of it."""
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(answered(engine, request()))
        await is_asked.wait()
        reading.cancel()


async def test_closing_an_answer_ends_it_upstream_and_the_next_one_is_heard() -> None:
    story = PromptMessage("user", "Tell me a story.")
    async with chained() as (engine, _), asyncio.timeout(10):
        async with aclosing(engine.responder.respond(request(story))) as events:
            async for event in events:
                if isinstance(event, AudioDelta):
                    break
        heard = PromptMessage("assistant", "Once upon a time.")
        after = await answered(engine, request(story, heard, FRANCE))

    assert text_of(after) == "It is Paris, I think."


async def test_an_answer_that_begins_when_nobody_wants_it_is_ended() -> None:
    was_cancelled = asyncio.Event()

    async def play(talk: Talk) -> None:
        await talk.wait_for("response.create")
        is_asked.set()
        await is_left.wait()
        await talk.send({"type": "response.created", "response": {"id": "resp_late"}})
        cancel = await talk.wait_for("response.cancel")
        assert cancel["response_id"] == "resp_late"
        was_cancelled.set()
        await talk.send(done("resp_late", status="cancelled"))
        await answer_next(talk, "resp_2")
        await talk.wait_for("never")

    is_asked, is_left = asyncio.Event(), asyncio.Event()
    async with playing(play) as engine, asyncio.timeout(10):
        await leave_answer(engine, is_asked)
        is_left.set()
        events = await answered(engine, request())

    assert was_cancelled.is_set()
    assert events == [Finished()]


async def test_a_service_that_ends_no_answer_is_left_for_a_new_connection() -> None:
    talks: list[Talk] = []
    is_asked = asyncio.Event()

    async def play(talk: Talk) -> None:
        talks.append(talk)
        await begin(talk)
        is_asked.set()
        if len(talks) > 1:
            await talk.send(done("resp_u"))
        await talk.wait_for("never")

    async with asyncio.timeout(10), playing(play, timeout_s=0.2) as engine:
        await leave_answer(engine, is_asked)
        with pytest.raises(EngineError, match=r"told to end|said nothing"):
            await answered(engine, request())

        assert await answered(engine, request()) == [Finished()]
