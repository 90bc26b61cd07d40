"""Sidebands, and clients that come back, over connections in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.runtime.fakes import Fakes, Running, running, until
from vivavoce.core.options import SessionOptions
from vivavoce.core.session import Session
from vivavoce.errors import ProtocolError, TransportClosed
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    MalformedEvent,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
)
from vivavoce.media.pcm import silence
from vivavoce.protocol.client_events import (
    ConversationItemCreate,
    ConversationItemRetrieve,
    InputAudioBufferAppend,
    InputAudioBufferClear,
    ResponseCreate,
    SessionUpdate,
)
from vivavoce.protocol.codec import encode_server_event
from vivavoce.protocol.extensions import (
    VivavoceSessionResumable,
    VivavoceSessionResumed,
    VivavoceTranscriptPartial,
    VivavoceTurnTiming,
)
from vivavoce.protocol.items import InputText, Message
from vivavoce.protocol.response_events import (
    ResponseCreated,
    ResponseDone,
    ResponseOutputAudioDelta,
    ResponseOutputAudioDone,
)
from vivavoce.protocol.server_events import (
    ConversationItemDone,
    ConversationItemRetrieved,
    ErrorEvent,
    InputAudioBufferCleared,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
)
from vivavoce.protocol.session import RealtimeSessionUpdate
from vivavoce.runtime.primary import AWAY_ROOM_BYTES
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.runtime.sidebands import MAX_SIDEBANDS
from vivavoce.testing.transport import MemoryClient, memory_pair

SPEECH = b"\x10\x10" * 24_000
"""One second, loud."""
PIECE_BYTES = 200 * 48 * 4 / 3
"""Of 200 ms of sound, on the wire."""
TOKEN = "resume_1"
BAD = MalformedEvent("no", "invalid_value", None)


@dataclass
class Joined:
    """A session under way, and a way to connect more clients to it."""

    running: Running
    tasks: asyncio.TaskGroup

    @property
    def client(self) -> MemoryClient:
        return self.running.client

    def attach(self, *, extensions: bool = False) -> MemoryClient:
        transport, client = memory_pair()
        self.tasks.create_task(self.running.runner.attach(transport, extensions=extensions))
        return client

    def come_back(self, after: ServerEvent) -> MemoryClient:
        transport, client = memory_pair()
        self.tasks.create_task(self.running.runner.resume(transport, after.event_id))
        return client


@asynccontextmanager
async def going(
    *,
    fakes: Fakes | None = None,
    settings: RunnerSettings | None = None,
    extensions: bool = False,
    returns: bool = False,
) -> AsyncIterator[Joined]:
    """Run a session around the block; at its end the session is stopped and nothing is left."""
    extensions = extensions or returns
    before = asyncio.all_tasks()
    run = running(
        Session(SessionOptions(extensions=extensions), new_id=seeded_ids(1)),
        fakes or Fakes(),
        settings=settings,
        reports_timing=extensions,
        resume_token=TOKEN if returns else None,
    )
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(run.runner.run())
        yield Joined(run, tasks)
        run.runner.stop(1000, "")
    assert asyncio.all_tasks() == before


def text_item() -> ConversationItemCreate:
    item = Message(role="user", content=(InputText(text="Hello."),))
    return ConversationItemCreate(item=item)


def of_kind(client: MemoryClient, kind: type[ServerEvent]) -> list[ServerEvent]:
    return [event for event in client.events if isinstance(event, kind)]


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


# --- sidebands --------------------------------------------------------------------------------


async def test_a_sideband_is_greeted_with_the_session_as_it_is() -> None:
    async with going() as joined:
        update = RealtimeSessionUpdate(instructions="Be brief.")
        joined.client.send(SessionUpdate(session=update))
        await joined.client.received(SessionUpdated)
        sideband = joined.attach()
        created = await sideband.received(SessionCreated)

    assert sideband.events[0] == created
    assert created.session.instructions == "Be brief."  # type: ignore[union-attr]  # of a conversation
    assert len(of_kind(joined.client, SessionCreated)) == 1


async def test_what_a_sideband_does_is_told_to_all() -> None:
    async with going() as joined:
        first, second = joined.attach(), joined.attach()
        await second.received(SessionCreated)
        first.send(text_item())
        items = [
            await client.received(ConversationItemDone) for client in (joined.client, first, second)
        ]

    assert items[0] == items[1] == items[2]


async def test_errors_and_retrieved_items_go_to_whoever_asked() -> None:
    async with going() as joined:
        asker, other = joined.attach(), joined.attach()
        await other.received(SessionCreated)
        asker.send(text_item())
        done = await asker.received(ConversationItemDone)
        asker.send(ConversationItemRetrieve(item_id=str(done.item.id)))
        await asker.received(ConversationItemRetrieved)
        asker.send(BAD)
        await asker.received(ErrorEvent)
        joined.client.send(ConversationItemRetrieve(item_id="item_unknown"))
        await joined.client.received(ErrorEvent)
        joined.client.send(InputAudioBufferClear())
        for client in (joined.client, asker, other):
            await client.received(InputAudioBufferCleared)

    asked = (ConversationItemRetrieved, ErrorEvent)
    counts = [
        [len(of_kind(client, kind)) for kind in asked] for client in (joined.client, asker, other)
    ]
    assert counts == [[0, 1], [1, 1], [0, 0]]


async def test_a_sideband_may_send_sound_and_hears_none() -> None:
    async with going() as joined:
        sideband = joined.attach()
        await sideband.received(SessionCreated)
        sideband.send(InputAudioBufferAppend(audio=SPEECH + silence(600).data))
        for client in (sideband, joined.client):
            await client.received(ResponseOutputAudioDone)
            await client.received(ResponseDone)

    assert of_kind(joined.client, ResponseOutputAudioDelta)
    assert not of_kind(sideband, ResponseOutputAudioDelta)


async def test_our_own_events_go_only_to_connections_that_asked_for_them() -> None:
    async with going() as joined:
        plain, curious = joined.attach(), joined.attach(extensions=True)
        await curious.received(SessionCreated)
        joined.client.send(InputAudioBufferAppend(audio=SPEECH + silence(600).data))
        await curious.received(VivavoceTurnTiming)
        for client in (joined.client, plain):
            await client.received(ResponseDone)

    ours = (VivavoceTranscriptPartial, VivavoceTurnTiming)
    assert not any(isinstance(event, ours) for event in joined.client.events + plain.events)


@pytest.mark.parametrize("goodbye", [MemoryClient.leave, MemoryClient.vanish])
async def test_the_session_outlives_its_sidebands(goodbye: object) -> None:
    async with going() as joined:
        sideband = joined.attach()
        await sideband.received(SessionCreated)
        goodbye(sideband)  # type: ignore[operator]  # one of the two above
        await sideband.closed()
        joined.client.send(InputAudioBufferClear())
        await joined.client.received(InputAudioBufferCleared)


async def test_the_end_of_the_session_ends_its_sidebands() -> None:
    async with going() as joined:
        sideband = joined.attach()
        await sideband.received(SessionCreated)
        joined.running.runner.stop(1001, "going away")
        codes = [await client.closed() for client in (joined.client, sideband)]

    assert codes == [1001, 1000]


async def test_a_client_that_leaves_ends_the_session_for_its_sidebands() -> None:
    async with going() as joined:
        sideband = joined.attach()
        await sideband.received(SessionCreated)
        joined.client.vanish()
        code = await sideband.closed()

    assert code == 1000


async def test_a_sideband_of_a_session_that_has_just_ended_is_closed() -> None:
    async with going() as joined:
        joined.running.runner.stop(1000, "")
        await joined.client.closed()
        code = await joined.attach().closed()

    assert code == 1000


async def test_a_sideband_that_does_not_read_is_let_go_and_holds_up_nobody() -> None:
    async with going(settings=RunnerSettings(client_stall_s=0.05)) as joined:
        sideband = joined.attach()
        await sideband.received(SessionCreated)
        sideband.stop_reading()
        joined.client.send(ResponseCreate())
        await joined.client.received(ResponseDone)
        code = await sideband.closed()
        sideband.read_on()
        joined.client.send(InputAudioBufferClear())
        await joined.client.received(InputAudioBufferCleared)

    assert code == 1008


async def test_there_is_a_limit_to_sidebands() -> None:
    async with going() as joined:
        sidebands = [joined.attach() for _ in range(MAX_SIDEBANDS)]
        for sideband in sidebands:
            await sideband.received(SessionCreated)
        was_full = not joined.running.runner.has_room_for_sideband
        sidebands[0].leave()
        await until(lambda: joined.running.runner.has_room_for_sideband)

    assert was_full


class BrokenTransport:
    """Cannot even receive."""

    close_code = 0
    unsent_bytes = 0

    async def receive(self) -> None:
        raise ZeroDivisionError

    async def send(self, event: ServerEvent) -> None: ...

    async def close(self, code: int, reason: str) -> None:
        self.close_code = code


async def test_a_bug_in_a_sideband_costs_the_sideband(caplog: pytest.LogCaptureFixture) -> None:
    transport = BrokenTransport()
    async with going() as joined:
        await joined.running.runner.attach(transport)
        joined.client.send(InputAudioBufferClear())
        await joined.client.received(InputAudioBufferCleared)

    assert transport.close_code == 1011
    assert any(record.exc_info for record in caplog.records)


# --- coming back ------------------------------------------------------------------------------


async def test_how_to_come_back_is_told_right_after_the_greeting() -> None:
    async with going(returns=True) as joined:
        resumable = await joined.client.received(VivavoceSessionResumable)

    assert isinstance(joined.client.events[0], SessionCreated)
    assert joined.client.events[1] == resumable
    assert (resumable.resume_token, resumable.resume_within_s) == (TOKEN, 60.0)


async def test_an_answer_goes_on_while_the_client_is_away_and_none_of_it_is_lost() -> None:
    steered, fakes = Steered(), Fakes()
    fakes.responder.script = steered.script
    async with going(returns=True, fakes=fakes) as joined:
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
    assert len(of_kind(back, ResponseOutputAudioDelta)) == 3
    assert done.response.status == "completed"


async def test_missed_events_come_again_as_they_were() -> None:
    async with going(returns=True) as joined:
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
    async with going(returns=True) as joined:
        last = await joined.client.received(VivavoceSessionResumable)
        back = joined.come_back(last)
        await back.received(VivavoceSessionResumed)
        code = await joined.client.closed()
        back.send(InputAudioBufferClear())
        await back.received(InputAudioBufferCleared)

    assert code == 4000
    assert not of_kind(joined.client, InputAudioBufferCleared)


async def test_what_arrived_of_the_client_is_counted_over_all_its_connections() -> None:
    async with going(returns=True) as joined:
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
    async with going(returns=True) as joined:
        last = await joined.client.received(VivavoceSessionResumable)
        for _ in range(200):
            joined.client.send(InputAudioBufferClear())
        back = joined.come_back(last)
        resumed = await back.received(VivavoceSessionResumed)

    assert resumed.client_events_received == 200


async def test_a_client_that_says_goodbye_is_not_waited_for() -> None:
    async with going(returns=True) as joined:
        last = await joined.client.received(VivavoceSessionResumable)
        joined.client.leave()
        await joined.client.closed()
        with pytest.raises(ProtocolError) as refusal:
            await joined.running.runner.resume(memory_pair()[0], last.event_id)

    assert refusal.value.code == "resume_token_unknown"


async def test_a_client_that_did_not_ask_cannot_come_back() -> None:
    async with going() as joined:
        created = await joined.client.received(SessionCreated)
        with pytest.raises(ProtocolError) as refusal:
            await joined.running.runner.resume(memory_pair()[0], created.event_id)

    assert refusal.value.code == "resume_token_unknown"


async def test_after_an_unknown_event_nothing_can_be_resumed_and_the_session_goes_on() -> None:
    async with going(returns=True) as joined:
        with pytest.raises(ProtocolError) as refusal:
            await joined.running.runner.resume(memory_pair()[0], "event_unknown")
        joined.client.send(InputAudioBufferClear())
        await joined.client.received(InputAudioBufferCleared)

    assert (refusal.value.code, refusal.value.param) == ("resume_events_gone", "after")


async def test_a_client_that_stays_away_ends_the_session() -> None:
    settings = RunnerSettings(resume_s=0.05)
    fakes = Fakes()
    async with going(returns=True, settings=settings, fakes=fakes) as joined:
        sideband = joined.attach()
        await sideband.received(SessionCreated)
        joined.client.vanish()
        code = await sideband.closed()

    assert code == 1000
    assert fakes.language_model.released


async def test_a_client_that_does_not_read_is_lost_and_may_come_back() -> None:
    settings = RunnerSettings(client_stall_s=0.05)
    async with going(returns=True, settings=settings) as joined:
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

    fakes = Fakes()
    fakes.responder.script = endless
    async with going(returns=True, fakes=fakes) as joined:
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
    async with going(returns=True) as joined:
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

    fakes = Fakes()
    fakes.responder.script = dropping
    async with going(returns=True, fakes=fakes) as joined:
        last = await joined.client.received(VivavoceSessionResumable)
        joined.client.send(ResponseCreate())
        code = await joined.client.closed()
        back = joined.come_back(last)
        done = await back.received(ResponseDone)

    assert (code, done.response.status) == (1006, "failed")
