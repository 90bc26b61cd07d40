"""The tasks of a session over a connection in memory."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from tests.runtime.fakes import Fakes, Running, ScriptedRules, hanging, running, until
from vivavoce.clock import Clock
from vivavoce.core.inputs import (
    AudioHeard,
    ClientSent,
    Input,
    ResponseFailed,
    ResponseProgress,
    Tick,
    TokensCounted,
    TranscriptionFailed,
    TranscriptionProgress,
)
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import (
    CancelResponse,
    Close,
    CountTokens,
    EndTranscription,
    FeedTranscription,
    Output,
    ReleaseResponse,
    Send,
    StartResponse,
    StartTranscription,
)
from vivavoce.core.session import Session
from vivavoce.errors import EngineError
from vivavoce.ids import counting_ids
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    Prompt,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
    Transcript,
    TranscriptionHints,
)
from vivavoce.media.pcm import silence
from vivavoce.protocol.audio_settings import PcmFormat, PcmuFormat
from vivavoce.protocol.client_events import (
    InputAudioBufferAppend,
    InputAudioBufferClear,
    InputAudioBufferCommit,
    ResponseCreate,
)
from vivavoce.protocol.extensions import VivavoceTurnTiming
from vivavoce.protocol.response_events import (
    ResponseCreated,
    ResponseDone,
    ResponseOutputAudioDelta,
)
from vivavoce.protocol.server_events import (
    ErrorEvent,
    InputAudioBufferCleared,
    ServerEvent,
    SessionCreated,
)
from vivavoce.runtime.outbox import HARD_LIMIT_BYTES
from vivavoce.runtime.prepared_room import PreparedRoom
from vivavoce.runtime.runner import SessionRunner
from vivavoce.runtime.settings import RunnerSettings

T = TypeVar("T", bound=Input)

SPEECH = b"\x10\x10" * 24_000
"""One second, loud."""


@asynccontextmanager
async def going(running: Running) -> AsyncIterator[None]:
    """Run a session around the block; at its end the client leaves and nothing is left."""
    before = asyncio.all_tasks()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        run = tasks.create_task(running.runner.run())
        yield
        running.client.leave()
        await run
    assert asyncio.all_tasks() == before


def real_session() -> Session:
    return Session(SessionOptions(), new_id=counting_ids())


def request(response_id: str = "resp_1") -> ResponseRequest:
    return ResponseRequest(response_id=response_id, prompt=Prompt(session_id="sess_1"))


def start(response_id: str = "resp_1", *, prepared: bool = False) -> StartResponse:
    return StartResponse(request(response_id), PcmFormat(), prepared)


def rules(when_client_speaks: Sequence[Sequence[Output]]) -> ScriptedRules:
    """A session that answers the client's events, one after the other, with these outputs."""
    scripted = iter(when_client_speaks)

    def answer(item: Input) -> Iterable[Output]:
        return next(scripted, ()) if isinstance(item, ClientSent) else ()

    return ScriptedRules(answer)


def nudge(running: Running) -> None:
    running.client.send(InputAudioBufferClear())


async def told(session: ScriptedRules, kind: type[T], count: int = 1) -> list[T]:
    """Wait until the session was told this many inputs of a kind."""
    await until(lambda: len(of_kind(session, kind)) >= count)
    return of_kind(session, kind)


def of_kind(session: ScriptedRules, kind: type[T]) -> list[T]:
    return [item for item in session.told if isinstance(item, kind)]


# --- a whole turn -----------------------------------------------------------------------------


async def test_speech_is_answered_with_sound() -> None:
    fakes = Fakes()
    session = running(real_session(), fakes)

    async with going(session):
        session.client.send(InputAudioBufferAppend(audio=SPEECH + silence(600).data))
        await session.client.received(SessionCreated)
        await session.client.received(ResponseOutputAudioDelta)
        done = await session.client.received(ResponseDone)

    assert done.response.status == "completed"
    assert fakes.language_model.released == ["sess_1"]


async def test_timing_is_reported_to_a_client_that_asked_for_extensions() -> None:
    session = running(real_session(), Fakes(), reports_timing=True)

    async with going(session):
        session.client.send(InputAudioBufferAppend(audio=SPEECH + silence(600).data))
        timing = await session.client.received(VivavoceTurnTiming)

    steps = {"speech_stopped", "transcript", "response_created", "first_token", "first_audio"}
    assert set(timing.marks) == steps
    assert timing.item_id is not None


async def test_speech_over_an_answer_closes_the_engine() -> None:
    fakes = Fakes()
    fakes.responder.script = hanging
    session = running(real_session(), fakes)

    async with going(session):
        session.client.send(ResponseCreate())
        await session.client.received(ResponseCreated)
        session.client.send(InputAudioBufferAppend(audio=SPEECH))
        done = await session.client.received(ResponseDone)
        await until(lambda: fakes.responder.n_closed)

    assert done.response.status == "cancelled"


# --- engines that fail ------------------------------------------------------------------------


async def test_an_engine_that_gives_up_costs_one_response() -> None:
    async def failing(request: ResponseRequest) -> Stream[ResponseEvent]:
        raise EngineError("no model", code="model_gone")
        yield

    fakes = Fakes()
    fakes.responder.script = failing
    session = running(real_session(), fakes)

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

    fakes = Fakes()
    fakes.responder.script = broken
    session = rules([[start()]])
    run = running(session, fakes)

    async with going(run):
        nudge(run)
        (failure,) = await told(session, ResponseFailed)

    assert failure == ResponseFailed("resp_1", "The engine failed.", "engine_error")
    assert [record.levelno for record in caplog.records if record.exc_info] == [logging.ERROR]


async def test_an_answer_without_an_end_has_failed() -> None:
    async def endless(request: ResponseRequest) -> Stream[ResponseEvent]:
        yield TextDelta("Well")

    fakes = Fakes()
    fakes.responder.script = endless
    session = rules([[start()]])
    run = running(session, fakes)

    async with going(run):
        nudge(run)
        (failure,) = await told(session, ResponseFailed)

    assert failure.code == "engine_error"


async def test_a_cancellation_inside_an_engine_is_a_failure_of_its_response() -> None:
    async def interrupted(request: ResponseRequest) -> Stream[ResponseEvent]:
        raise asyncio.CancelledError
        yield

    fakes = Fakes()
    fakes.responder.script = interrupted
    session = rules([[start()]])
    run = running(session, fakes)

    async with going(run):
        nudge(run)
        (failure,) = await told(session, ResponseFailed)

    assert failure.message == "The engine was interrupted."


async def test_an_engine_that_stalls_costs_one_response() -> None:
    fakes = Fakes()
    fakes.responder.script = hanging
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

    fakes = Fakes()
    fakes.responder.script = deaf
    session = rules([[start()]])
    run = running(session, fakes, settings=RunnerSettings(engine_stall_s=0.05))

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
    assert not [item for item in session.told if isinstance(item, TranscriptionFailed)]


async def test_a_slow_cancellation_does_not_hold_up_the_session() -> None:
    let_go = asyncio.Event()

    async def slow_to_close(request: ResponseRequest) -> Stream[ResponseEvent]:
        try:
            yield TextDelta("Well")
            await asyncio.Event().wait()
        finally:
            await let_go.wait()

    fakes = Fakes()
    fakes.responder.script = slow_to_close
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

    fakes = Fakes()
    fakes.responder.script = talkative
    session = rules([[start()]])
    run = running(session, fakes)

    async with going(run):
        nudge(run)
        await told(session, ResponseProgress)

    assert len([item for item in session.told if isinstance(item, ResponseProgress)]) == 1


# --- sound ------------------------------------------------------------------------------------


async def test_sound_is_cut_and_turned_into_the_format_asked_for() -> None:
    async def one_second(request: ResponseRequest) -> Stream[ResponseEvent]:
        yield AudioDelta(silence(1000).data)
        yield Finished()

    fakes = Fakes()
    fakes.responder.script = one_second
    session = rules([[StartResponse(request(), PcmuFormat())]])
    run = running(session, fakes)

    async with going(run):
        nudge(run)
        reports = await told(session, ResponseProgress, count=7)

    sizes = [len(report.event.data) for report in reports if isinstance(report.event, AudioDelta)]
    assert max(sizes) == 1600
    assert sum(sizes) == 8000
    assert reports[-1].event == Finished()


async def test_appended_audio_comes_in_pieces_and_keeps_its_place() -> None:
    session = rules([])
    run = running(session, Fakes())

    async with going(run):
        run.client.send(InputAudioBufferAppend(audio=silence(500).data))
        run.client.send(InputAudioBufferCommit())
        await told(session, ClientSent)

    heard = [len(item.data) // 48 for item in session.told if isinstance(item, AudioHeard)]
    assert heard == [200, 200, 100]
    assert isinstance(session.told[-1], ClientSent)


# --- answers prepared ahead -------------------------------------------------------------------


async def long_answer(request: ResponseRequest) -> Stream[ResponseEvent]:
    for _ in range(20):
        yield AudioDelta(silence(200).data)
    yield Finished()


async def test_a_prepared_answer_stops_at_its_lead_until_it_is_released() -> None:
    fakes = Fakes()
    fakes.responder.script = long_answer
    session = rules([[start(prepared=True)], [ReleaseResponse("resp_1")]])
    run = running(session, fakes, settings=RunnerSettings(max_lead_s=1.0))

    async with going(run):
        nudge(run)
        await told(session, ResponseProgress, count=5)
        for _ in range(100):
            await asyncio.sleep(0)
        n_before = len(await told(session, ResponseProgress))
        nudge(run)
        await told(session, ResponseProgress, count=21)

    assert n_before == 5


async def test_without_room_a_prepared_answer_begins_when_it_is_released() -> None:
    fakes = Fakes()
    session = rules([[start(prepared=True)], [ReleaseResponse("resp_1")]])
    run = running(session, fakes, prepared_room=PreparedRoom(0))

    async with going(run):
        nudge(run)
        await told(session, ClientSent)
        for _ in range(100):
            await asyncio.sleep(0)
        n_before = fakes.responder.n_started
        nudge(run)
        await told(session, ResponseProgress, count=4)

    assert n_before == 0


async def test_a_cancelled_prepared_answer_gives_its_place_back() -> None:
    room = PreparedRoom(1)
    fakes = Fakes()
    fakes.responder.script = hanging
    session = rules([[start(prepared=True)], [CancelResponse("resp_1")]])
    run = running(session, fakes, prepared_room=room)

    async with going(run):
        nudge(run)
        await told(session, ResponseProgress)
        assert not room.take()
        nudge(run)
        await until(lambda: fakes.responder.n_closed)
        await asyncio.sleep(0)

    assert room.take()


# --- clients that do not read, or leave --------------------------------------------------------


async def test_an_engine_waits_for_a_client_that_does_not_read_and_is_still_cancelled() -> None:
    async def endless(request: ResponseRequest) -> Stream[ResponseEvent]:
        while True:
            yield AudioDelta(silence(200).data)

    fakes = Fakes()
    fakes.responder.script = endless
    session = running(real_session(), fakes)

    async with going(session):
        await session.client.received(SessionCreated)
        session.client.stop_reading()
        session.client.send(ResponseCreate())
        await until(lambda: session.runner.unsent_bytes >= 256 * 1024)
        for _ in range(500):
            await asyncio.sleep(0)
        assert session.runner.unsent_bytes < 300 * 1024
        session.client.send(InputAudioBufferAppend(audio=SPEECH))
        await until(lambda: fakes.responder.n_closed)
        session.client.read_on()
        done = await session.client.received(ResponseDone)

    assert done.response.status == "cancelled"


async def test_control_events_that_pile_up_end_the_session() -> None:
    def answer(item: Input) -> Iterable[Output]:
        return [Send(big)] if isinstance(item, ClientSent) else ()

    big = ResponseOutputAudioDelta(
        event_id="event_1",
        response_id="resp_1",
        item_id="item_1",
        output_index=0,
        content_index=0,
        delta=bytes(1024 * 1024),
    )
    run = running(ScriptedRules(answer), Fakes())

    async with going(run):
        run.client.stop_reading()
        for _ in range(2 * HARD_LIMIT_BYTES // len(big.delta)):
            nudge(run)
        code = await run.client.closed()

    assert code == 1008


async def test_a_client_that_takes_nothing_for_too_long_is_let_go() -> None:
    settings = RunnerSettings(client_stall_s=0.05)
    run = running(real_session(), Fakes(), settings=settings)

    async with going(run):
        run.client.stop_reading()
        code = await run.client.closed()

    assert code == 1008


async def test_a_client_that_leaves_in_mid_answer_ends_the_engine() -> None:
    fakes = Fakes()
    fakes.responder.script = hanging
    session = running(real_session(), fakes)

    async with going(session):
        session.client.send(ResponseCreate())
        await session.client.received(ResponseCreated)
        await until(lambda: fakes.responder.n_started)

    assert fakes.responder.n_closed == 1


# --- the end ----------------------------------------------------------------------------------


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


class BrokenTransport:
    """Cannot even receive."""

    def __init__(self) -> None:
        self.close_code = 0
        self.unsent_bytes = 0

    async def receive(self) -> None:
        raise ZeroDivisionError

    async def send(self, event: ServerEvent) -> None:
        pass

    async def close(self, code: int, reason: str) -> None:
        self.close_code = code


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

    fakes = Fakes()
    fakes.responder.script = awaited
    session = running(real_session(), fakes)

    async with going(session):
        session.client.send(ResponseCreate())
        await session.client.received(ResponseCreated)
        session.runner.stop(1001, "going away", after_answers=True)
        go_on.set()
        done = await session.client.received(ResponseDone)
        code = await session.client.closed()

    assert (done.response.status, code) == ("completed", 1001)


async def test_a_deadline_comes_as_a_tick() -> None:
    def answer(item: Input) -> Iterable[Output]:
        if isinstance(item, Tick):
            session.next_deadline = None
        return ()

    session = ScriptedRules(answer)
    session.next_deadline = 0.0
    run = running(session, Fakes())

    async with going(run):
        await told(session, Tick)

    assert len([item for item in session.told if isinstance(item, Tick)]) == 1


async def test_texts_are_counted_together() -> None:
    fakes = Fakes()
    session = rules([[CountTokens("item_1", "one two"), CountTokens("item_2", "three")]])
    run = running(session, fakes)

    async with going(run):
        nudge(run)
        counts = await told(session, TokensCounted, count=2)

    assert counts == [TokensCounted("item_1", 2), TokensCounted("item_2", 1)]
    assert fakes.language_model.counted == [["one two", "three"]]
