"""Clients that lose their connection and come back."""

import asyncio

import pytest

from tests.runtime.fakes import Fakes, ScriptedResponder, until
from tests.runtime.joined_sessions import BAD, TOKEN, seen, under_way
from vivavoce.errors import ProtocolError, TransportClosed
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
)
from vivavoce.media.pcm import silence
from vivavoce.protocol.client_events import (
    InputAudioBufferAppend,
    InputAudioBufferClear,
    ResponseCreate,
)
from vivavoce.protocol.codec import encode_server_event
from vivavoce.protocol.extensions import VivavoceSessionResumable, VivavoceSessionResumed
from vivavoce.protocol.response_events import (
    ResponseCreated,
    ResponseDone,
    ResponseOutputAudioDelta,
)
from vivavoce.protocol.server_events import InputAudioBufferCleared, ServerEvent, SessionCreated
from vivavoce.runtime.primary import AWAY_ROOM_BYTES
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.testing.transport import memory_pair

PIECE_BYTES = 200 * 48 * 4 / 3
"""Of 200 ms of sound, on the wire."""


class Steered:
    """A responder that speaks one piece of sound whenever it is let."""

    def __init__(self) -> None:
        self._may_speak = asyncio.Semaphore(0)
        self.n_spoken = 0

    def let(self, n_pieces: int) -> None:
        for _ in range(n_pieces):
            self._may_speak.release()

    async def script(self, request: ResponseRequest) -> Stream[ResponseEvent]:
        yield TextDelta("Hi.")
        for _ in range(4):
            await self._may_speak.acquire()
            self.n_spoken += 1
            yield AudioDelta(silence(20).data)
        yield Finished()


async def test_how_to_come_back_is_told_right_after_the_greeting() -> None:
    async with under_way(returns=True) as joined:
        resumable = await joined.client.received(VivavoceSessionResumable)

    assert isinstance(joined.client.events[0], SessionCreated)
    assert joined.client.events[1] == resumable
    assert (resumable.resume_token, resumable.resume_within_s) == (TOKEN, 60.0)


async def test_an_answer_goes_on_while_the_client_is_away_and_none_of_it_is_lost() -> None:
    steered = Steered()
    async with under_way(returns=True, fakes=Fakes(ScriptedResponder(steered.script))) as joined:
        watch = joined.attach(extensions=True)
        await watch.received(SessionCreated)
        joined.client.send(ResponseCreate())
        steered.let(1)
        last = await joined.client.received(ResponseOutputAudioDelta)
        joined.client.vanish()
        await joined.client.closed()
        steered.let(3)
        await watch.received(ResponseDone)
        back = joined.come_back(last)
        resumed = await back.received(VivavoceSessionResumed)
        done = await back.received(ResponseDone)

    assert back.events[0] == resumed
    assert resumed.client_events_received == 1
    assert resumed.events_missed == len(back.events) - 1
    assert len(seen(back, ResponseOutputAudioDelta)) == 3
    assert done.response.status == "completed"


async def test_missed_events_come_again_as_they_were() -> None:
    async with under_way(returns=True) as joined:
        first = await joined.client.received(VivavoceSessionResumable)
        joined.client.send(ResponseCreate())
        await joined.client.received(ResponseDone)
        joined.client.vanish()
        await joined.client.closed()
        back = joined.come_back(first)
        await back.received(ResponseDone)

    before = [encode_server_event(event) for event in joined.client.events[2:]]
    assert [encode_server_event(event) for event in back.events[1:]] == before


async def test_a_connection_that_still_looks_open_is_replaced() -> None:
    async with under_way(returns=True) as joined:
        last = await joined.client.received(VivavoceSessionResumable)
        back = joined.come_back(last)
        await back.received(VivavoceSessionResumed)
        code = await joined.client.closed()
        back.send(InputAudioBufferClear())
        await back.received(InputAudioBufferCleared)

    assert code == 4000
    assert not seen(joined.client, InputAudioBufferCleared)


async def test_what_arrived_of_the_client_is_counted_over_all_its_connections() -> None:
    async with under_way(returns=True) as joined:
        last: ServerEvent = await joined.client.received(VivavoceSessionResumable)
        client = joined.client
        counts = []
        for _ in range(3):
            client.send(BAD)
            client.send(InputAudioBufferAppend(audio=b""))
            client.send(InputAudioBufferClear())
            last = await client.received(InputAudioBufferCleared)
            client.vanish()
            client = joined.come_back(last)
            last = await client.received(VivavoceSessionResumed)
            counts.append(last.client_events_received)

    assert counts == [3, 6, 9]


async def test_what_arrived_before_the_loss_is_taken_in_before_it_is_counted() -> None:
    async with under_way(returns=True) as joined:
        last = await joined.client.received(VivavoceSessionResumable)
        for _ in range(200):
            joined.client.send(InputAudioBufferClear())
        back = joined.come_back(last)
        resumed = await back.received(VivavoceSessionResumed)

    assert resumed.client_events_received == 200


async def test_a_client_that_says_goodbye_is_not_waited_for() -> None:
    async with under_way(returns=True) as joined:
        last = await joined.client.received(VivavoceSessionResumable)
        joined.client.leave()
        await joined.client.closed()
        with pytest.raises(ProtocolError) as refusal:
            await joined.running.runner.resume(memory_pair()[0], last.event_id)

    assert refusal.value.code == "resume_token_unknown"


async def test_a_client_that_did_not_ask_cannot_come_back() -> None:
    async with under_way() as joined:
        created = await joined.client.received(SessionCreated)
        with pytest.raises(ProtocolError) as refusal:
            await joined.running.runner.resume(memory_pair()[0], created.event_id)

    assert refusal.value.code == "resume_token_unknown"


async def test_after_an_unknown_event_nothing_can_be_resumed_and_the_session_goes_on() -> None:
    async with under_way(returns=True) as joined:
        with pytest.raises(ProtocolError) as refusal:
            await joined.running.runner.resume(memory_pair()[0], "event_unknown")
        joined.client.send(InputAudioBufferClear())
        await joined.client.received(InputAudioBufferCleared)

    assert (refusal.value.code, refusal.value.param) == ("resume_events_gone", "after")


async def test_a_client_that_stays_away_ends_the_session() -> None:
    settings = RunnerSettings(resume_s=0.05)
    fakes = Fakes()
    async with under_way(returns=True, settings=settings, fakes=fakes) as joined:
        sideband = joined.attach()
        await sideband.received(SessionCreated)
        joined.client.vanish()
        code = await sideband.closed()

    assert code == 1000
    assert fakes.language_model.released


async def test_a_client_that_does_not_read_is_lost_and_may_come_back() -> None:
    settings = RunnerSettings(client_stall_s=0.05)
    async with under_way(returns=True, settings=settings) as joined:
        last = await joined.client.received(VivavoceSessionResumable)
        joined.client.stop_reading()
        joined.client.send(InputAudioBufferClear())
        code = await joined.client.closed()
        back = joined.come_back(last)
        await back.received(InputAudioBufferCleared)

    assert code == 1008


async def test_answers_pause_when_too_much_waits_for_a_client_that_is_away() -> None:
    n_pieces = 0

    async def endless(request: ResponseRequest) -> Stream[ResponseEvent]:
        nonlocal n_pieces
        while True:
            n_pieces += 1
            yield AudioDelta(silence(200).data)

    async with under_way(returns=True, fakes=Fakes(ScriptedResponder(endless))) as joined:
        joined.client.send(ResponseCreate())
        created = await joined.client.received(ResponseCreated)
        joined.client.vanish()
        await until(lambda: n_pieces > 0.95 * AWAY_ROOM_BYTES / PIECE_BYTES)
        for _ in range(200):
            await asyncio.sleep(0)
        n_at_pause = n_pieces
        back = joined.come_back(created)
        await back.received(VivavoceSessionResumed)
        await until(lambda: n_pieces > n_at_pause)

    assert n_at_pause < 1.05 * AWAY_ROOM_BYTES / PIECE_BYTES


async def test_a_shutdown_does_not_wait_for_a_client_that_is_away() -> None:
    async with under_way(returns=True) as joined:
        await joined.client.received(VivavoceSessionResumable)
        sideband = joined.attach()
        await sideband.received(SessionCreated)
        joined.client.vanish()
        await joined.client.closed()
        joined.running.runner.stop(1001, "going away", after_answers=True)
        await sideband.closed()


async def test_a_connection_dropped_by_a_script_can_be_resumed_and_its_answer_has_failed() -> None:
    async def dropping(request: ResponseRequest) -> Stream[ResponseEvent]:
        yield TextDelta("Well")
        raise TransportClosed

    async with under_way(returns=True, fakes=Fakes(ScriptedResponder(dropping))) as joined:
        last = await joined.client.received(VivavoceSessionResumable)
        joined.client.send(ResponseCreate())
        code = await joined.client.closed()
        back = joined.come_back(last)
        done = await back.received(ResponseDone)

    assert (code, done.response.status) == (1006, "failed")
