"""Answers that nobody wants any more."""

import asyncio

from tests.runtime.fakes import Fakes, ScriptedResponder, hanging, running, until
from tests.runtime.sessions import SPEECH, going, nudge, of_kind, real_session, rules, start, told
from vivavoce.core.inputs import ClientSent, ResponseProgress
from vivavoce.core.outputs import CancelResponse
from vivavoce.interfaces import ResponseEvent, ResponseRequest, Stream, TextDelta
from vivavoce.protocol.client_events import InputAudioBufferAppend, ResponseCreate
from vivavoce.protocol.response_events import ResponseCreated, ResponseDone


async def test_speech_over_an_answer_closes_the_engine() -> None:
    fakes = Fakes(ScriptedResponder(hanging))
    session = running(real_session(), fakes)

    async with going(session):
        session.client.send(ResponseCreate())
        await session.client.received(ResponseCreated)
        session.client.send(InputAudioBufferAppend(audio=SPEECH))
        done = await session.client.received(ResponseDone)
        await until(lambda: fakes.responder.n_closed)

    assert done.response.status == "cancelled"


async def test_a_slow_cancellation_does_not_hold_up_the_session() -> None:
    let_go = asyncio.Event()

    async def slow_to_close(request: ResponseRequest) -> Stream[ResponseEvent]:
        try:
            yield TextDelta("Well")
            await asyncio.Event().wait()
        finally:
            await let_go.wait()

    fakes = Fakes(ScriptedResponder(slow_to_close))
    session = rules([[start()], [CancelResponse("resp_1")], []])
    run = running(session, fakes)

    async with going(run):
        nudge(run)
        await told(session, ResponseProgress)
        nudge(run)
        nudge(run)
        await told(session, ClientSent, count=3)
        assert fakes.responder.n_closed == 0
        let_go.set()


async def test_what_a_cancelled_answer_still_says_at_the_end_is_dropped() -> None:
    async def talkative(request: ResponseRequest) -> Stream[ResponseEvent]:
        try:
            yield TextDelta("Well")
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            yield TextDelta("one more thing")
            raise

    session = rules([[start()]])
    run = running(session, Fakes(ScriptedResponder(talkative)))

    async with going(run):
        nudge(run)
        await told(session, ResponseProgress)

    assert len(of_kind(session, ResponseProgress)) == 1
