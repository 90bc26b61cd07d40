"""Answers prepared ahead of the end of a turn."""

import asyncio

from tests.runtime.fakes import Fakes, ScriptedResponder, hanging, running, until
from tests.runtime.sessions import going, nudge, rules, start, told
from vivavoce.core.inputs import ClientSent, ResponseProgress
from vivavoce.core.outputs import CancelResponse, ReleaseResponse
from vivavoce.interfaces import AudioDelta, Finished, ResponseEvent, ResponseRequest, Stream
from vivavoce.media.pcm import silence
from vivavoce.runtime.prepared_room import PreparedRoom
from vivavoce.runtime.settings import RunnerSettings


async def long_answer(request: ResponseRequest) -> Stream[ResponseEvent]:
    for _ in range(20):
        yield AudioDelta(silence(200).data)
    yield Finished()


async def test_a_prepared_answer_stops_at_its_lead_until_it_is_released() -> None:
    session = rules([[start(prepared=True)], [ReleaseResponse("resp_1")]])
    run = running(
        session, Fakes(ScriptedResponder(long_answer)), settings=RunnerSettings(max_lead_s=1.0)
    )

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
    fakes = Fakes(ScriptedResponder(hanging))
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
