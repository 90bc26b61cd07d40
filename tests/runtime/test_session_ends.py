"""How a session ends: by its client, its rules, the server, or a bug."""

import asyncio
from collections.abc import Iterable

import pytest

from tests.runtime.fakes import (
    BrokenTransport,
    Fakes,
    ScriptedResponder,
    ScriptedRules,
    hanging,
    running,
    until,
)
from tests.runtime.sessions import going, nudge, real_session, rules
from vivavoce.clock import Clock
from vivavoce.core.inputs import ClientSent, Input
from vivavoce.core.outputs import Close, Output, Send
from vivavoce.ids import counting_ids
from vivavoce.interfaces import Finished, ResponseEvent, ResponseRequest, Stream
from vivavoce.protocol.client_events import ResponseCreate
from vivavoce.protocol.response_events import ResponseCreated, ResponseDone
from vivavoce.protocol.server_events import ErrorEvent
from vivavoce.runtime.prepared_room import PreparedRoom
from vivavoce.runtime.runner import SessionRunner
from vivavoce.runtime.settings import RunnerSettings


async def test_a_client_that_leaves_in_mid_answer_ends_the_engine() -> None:
    fakes = Fakes(ScriptedResponder(hanging))
    session = running(real_session(), fakes)

    async with going(session):
        session.client.send(ResponseCreate())
        await session.client.received(ResponseCreated)
        await until(lambda: fakes.responder.n_started)

    assert fakes.responder.n_closed == 1


async def test_a_bug_in_the_rules_is_told_and_ends_the_session(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(item: Input) -> Iterable[Output]:
        if isinstance(item, ClientSent):
            raise KeyError("item_7")
        return ()

    run = running(ScriptedRules(answer), Fakes())

    async with going(run):
        nudge(run)
        error = await run.client.received(ErrorEvent)
        code = await run.client.closed()

    assert (error.error.type, code) == ("server_error", 1011)
    assert any(record.exc_info for record in caplog.records)


async def test_a_bug_in_a_transport_ends_its_session_and_frees_everything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fakes, transport = Fakes(), BrokenTransport()
    runner = SessionRunner(
        transport,
        fakes.engines(),
        real_session(),
        Clock(),
        RunnerSettings(),
        [],
        new_id=counting_ids(),
        prepared_room=PreparedRoom(1),
    )

    await runner.run()

    assert transport.close_code == 1011
    assert fakes.language_model.released == ["sess_1"]
    assert any(record.exc_info for record in caplog.records)


async def test_a_close_comes_after_all_that_was_sent_before() -> None:
    error = ErrorEvent(event_id="event_1", error=None)  # type: ignore[arg-type]  # any event will do
    run = running(rules([[Send(error), Close(4000, "no.more"), Send(error)]]), Fakes())

    async with going(run):
        nudge(run)
        code = await run.client.closed()

    assert (code, run.client.close_reason) == (4000, "no.more")
    assert len(run.client.events) == 2


async def test_stopping_waits_for_an_answer_if_asked_to() -> None:
    go_on = asyncio.Event()

    async def awaited(request: ResponseRequest) -> Stream[ResponseEvent]:
        await go_on.wait()
        yield Finished()

    session = running(real_session(), Fakes(ScriptedResponder(awaited)))

    async with going(session):
        session.client.send(ResponseCreate())
        await session.client.received(ResponseCreated)
        session.runner.stop(1001, "going away", after_answers=True)
        go_on.set()
        done = await session.client.received(ResponseDone)
        code = await session.client.closed()

    assert (done.response.status, code) == ("completed", 1001)
