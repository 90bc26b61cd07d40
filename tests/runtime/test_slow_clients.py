"""Clients that do not read what they are sent."""

import asyncio
from collections.abc import Iterable

from tests.runtime.fakes import Fakes, ScriptedResponder, ScriptedRules, running, until
from tests.runtime.sessions import SPEECH, going, nudge, real_session
from vivavoce.core.inputs import ClientSent, Input
from vivavoce.core.outputs import Output, Send
from vivavoce.interfaces import AudioDelta, ResponseEvent, ResponseRequest, Stream
from vivavoce.media.pcm import silence
from vivavoce.protocol.client_events import InputAudioBufferAppend, ResponseCreate
from vivavoce.protocol.response_events import ResponseDone, ResponseOutputAudioDelta
from vivavoce.protocol.server_events import SessionCreated
from vivavoce.runtime.outbox import HARD_LIMIT_BYTES
from vivavoce.runtime.settings import RunnerSettings


async def test_an_engine_waits_for_a_client_that_does_not_read_and_is_still_cancelled() -> None:
    async def endless(request: ResponseRequest) -> Stream[ResponseEvent]:
        while True:
            yield AudioDelta(silence(200).data)

    fakes = Fakes(ScriptedResponder(endless))
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
