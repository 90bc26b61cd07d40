"""Engines that fail or stall: each costs one response, never the session."""

import asyncio
import logging

import pytest

from tests.runtime.fakes import Fakes, Script, ScriptedResponder, hanging, running
from tests.runtime.sessions import going, nudge, of_kind, real_session, rules, start, told
from vivavoce.core.inputs import ResponseFailed, Tick, TranscriptionFailed, TranscriptionProgress
from vivavoce.core.outputs import EndTranscription, FeedTranscription, StartTranscription
from vivavoce.errors import EngineError
from vivavoce.interfaces import (
    Finished,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
    Transcript,
    TranscriptionHints,
)
from vivavoce.protocol.client_events import InputAudioBufferClear, ResponseCreate
from vivavoce.protocol.response_events import ResponseDone
from vivavoce.protocol.server_events import InputAudioBufferCleared
from vivavoce.runtime.settings import RunnerSettings


async def failure_of(script: Script) -> ResponseFailed:
    """Answer by a script, and return what the session is told of its failure."""
    session = rules([[start()]])
    run = running(session, Fakes(ScriptedResponder(script)))

    async with going(run):
        nudge(run)
        (failure,) = await told(session, ResponseFailed)

    return failure


async def test_an_engine_that_gives_up_costs_one_response() -> None:
    async def failing(request: ResponseRequest) -> Stream[ResponseEvent]:
        raise EngineError("no model", code="model_gone")
        yield

    session = running(real_session(), Fakes(ScriptedResponder(failing)))

    async with going(session):
        session.client.send(ResponseCreate())
        done = await session.client.received(ResponseDone)
        session.client.send(InputAudioBufferClear())
        await session.client.received(InputAudioBufferCleared)

    assert done.response.status == "failed"


async def test_a_broken_engine_costs_one_response_and_leaves_one_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(request: ResponseRequest) -> Stream[ResponseEvent]:
        yield TextDelta("Well")
        raise ZeroDivisionError

    failure = await failure_of(broken)

    assert failure == ResponseFailed("resp_1", "The engine failed.", "engine_error")
    assert [record.levelno for record in caplog.records if record.exc_info] == [logging.ERROR]


async def test_an_answer_without_an_end_has_failed() -> None:
    async def endless(request: ResponseRequest) -> Stream[ResponseEvent]:
        yield TextDelta("Well")

    failure = await failure_of(endless)

    assert failure.code == "engine_error"


async def test_a_cancellation_inside_an_engine_is_a_failure_of_its_response() -> None:
    async def interrupted(request: ResponseRequest) -> Stream[ResponseEvent]:
        raise asyncio.CancelledError
        yield

    failure = await failure_of(interrupted)

    assert failure.message == "The engine was interrupted."


async def test_an_engine_that_stalls_costs_one_response() -> None:
    fakes = Fakes(ScriptedResponder(hanging))
    session = running(real_session(), fakes, settings=RunnerSettings(engine_stall_s=0.05))

    async with going(session):
        session.client.send(ResponseCreate())
        done = await session.client.received(ResponseDone)
        session.client.send(InputAudioBufferClear())
        await session.client.received(InputAudioBufferCleared)

    details = done.response.status_details
    assert details is not None
    assert details.error
    assert details.error.code == "engine_stalled"
    assert fakes.responder.n_closed == 1


async def test_a_stall_is_reported_even_if_the_engine_is_deaf_to_cancellation() -> None:
    let_go = asyncio.Event()

    async def deaf(request: ResponseRequest) -> Stream[ResponseEvent]:
        try:
            await asyncio.Event().wait()
        finally:
            await let_go.wait()
        yield Finished()

    session = rules([[start()]])
    run = running(
        session, Fakes(ScriptedResponder(deaf)), settings=RunnerSettings(engine_stall_s=0.05)
    )

    async with going(run):
        nudge(run)
        (failure,) = await told(session, ResponseFailed)
        let_go.set()

    assert failure.code == "engine_stalled"


async def test_a_transcriber_is_stalled_only_after_the_audio_has_ended() -> None:
    session = rules(
        [
            [StartTranscription("item_1", TranscriptionHints()), FeedTranscription("item_1", b"")],
            [EndTranscription("item_1")],
        ]
    )
    fakes = Fakes()
    run = running(session, fakes, settings=RunnerSettings(engine_stall_s=0.02))

    async with going(run):
        nudge(run)
        session.next_deadline = 0.0
        await told(session, Tick, count=50)
        session.next_deadline = None
        nudge(run)
        (progress,) = await told(session, TranscriptionProgress)

    assert progress.event == Transcript("hello there")
    assert not of_kind(session, TranscriptionFailed)
