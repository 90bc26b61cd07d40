"""Further connections to a session under way."""

import pytest

from tests.runtime.fakes import BrokenTransport, until
from tests.runtime.joined_sessions import BAD, seen, under_way
from tests.runtime.sessions import SPEECH
from vivavoce.media.pcm import silence
from vivavoce.protocol.client_events import (
    ConversationItemCreate,
    ConversationItemRetrieve,
    InputAudioBufferAppend,
    InputAudioBufferClear,
    ResponseCreate,
    SessionUpdate,
)
from vivavoce.protocol.extensions import VivavoceTranscriptPartial, VivavoceTurnTiming
from vivavoce.protocol.items import InputText, Message
from vivavoce.protocol.response_events import (
    ResponseDone,
    ResponseOutputAudioDelta,
    ResponseOutputAudioDone,
)
from vivavoce.protocol.server_events import (
    ConversationItemDone,
    ConversationItemRetrieved,
    ErrorEvent,
    InputAudioBufferCleared,
    SessionCreated,
    SessionUpdated,
)
from vivavoce.protocol.session import RealtimeSessionUpdate
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.runtime.sidebands import MAX_SIDEBANDS
from vivavoce.testing.transport import MemoryClient


def text_item() -> ConversationItemCreate:
    item = Message(role="user", content=(InputText(text="Hello."),))
    return ConversationItemCreate(item=item)


async def test_a_sideband_is_greeted_with_the_session_as_it_is() -> None:
    async with under_way() as joined:
        update = RealtimeSessionUpdate(instructions="Be brief.")
        joined.client.send(SessionUpdate(session=update))
        await joined.client.received(SessionUpdated)
        sideband = joined.attach()
        created = await sideband.received(SessionCreated)

    assert sideband.events[0] == created
    assert created.session.instructions == "Be brief."  # type: ignore[union-attr]  # of a conversation
    assert len(seen(joined.client, SessionCreated)) == 1


async def test_what_a_sideband_does_is_told_to_all() -> None:
    async with under_way() as joined:
        first, second = joined.attach(), joined.attach()
        await second.received(SessionCreated)
        first.send(text_item())
        items = [
            await client.received(ConversationItemDone) for client in (joined.client, first, second)
        ]

    assert items[0] == items[1] == items[2]


async def test_errors_and_retrieved_items_go_to_whoever_asked() -> None:
    async with under_way() as joined:
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
        [len(seen(client, kind)) for kind in asked] for client in (joined.client, asker, other)
    ]
    assert counts == [[0, 1], [1, 1], [0, 0]]


async def test_a_sideband_may_send_sound_and_hears_none() -> None:
    async with under_way() as joined:
        sideband = joined.attach()
        await sideband.received(SessionCreated)
        sideband.send(InputAudioBufferAppend(audio=SPEECH + silence(600).data))
        for client in (sideband, joined.client):
            await client.received(ResponseOutputAudioDone)
            await client.received(ResponseDone)

    assert seen(joined.client, ResponseOutputAudioDelta)
    assert not seen(sideband, ResponseOutputAudioDelta)


async def test_our_own_events_go_only_to_connections_that_asked_for_them() -> None:
    async with under_way() as joined:
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
    async with under_way() as joined:
        sideband = joined.attach()
        await sideband.received(SessionCreated)
        goodbye(sideband)  # type: ignore[operator]  # one of the two above
        await sideband.closed()
        joined.client.send(InputAudioBufferClear())
        await joined.client.received(InputAudioBufferCleared)


async def test_the_end_of_the_session_ends_its_sidebands() -> None:
    async with under_way() as joined:
        sideband = joined.attach()
        await sideband.received(SessionCreated)
        joined.running.runner.stop(1001, "going away")
        codes = [await client.closed() for client in (joined.client, sideband)]

    assert codes == [1001, 1000]


async def test_a_client_that_leaves_ends_the_session_for_its_sidebands() -> None:
    async with under_way() as joined:
        sideband = joined.attach()
        await sideband.received(SessionCreated)
        joined.client.vanish()
        code = await sideband.closed()

    assert code == 1000


async def test_a_sideband_of_a_session_that_has_just_ended_is_closed() -> None:
    async with under_way() as joined:
        joined.running.runner.stop(1000, "")
        await joined.client.closed()
        code = await joined.attach().closed()

    assert code == 1000


async def test_a_sideband_that_does_not_read_is_let_go_and_holds_up_nobody() -> None:
    async with under_way(settings=RunnerSettings(client_stall_s=0.05)) as joined:
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
    async with under_way() as joined:
        sidebands = [joined.attach() for _ in range(MAX_SIDEBANDS)]
        for sideband in sidebands:
            await sideband.received(SessionCreated)
        was_full = not joined.running.runner.has_room_for_sideband
        sidebands[0].leave()
        await until(lambda: joined.running.runner.has_room_for_sideband)

    assert was_full


async def test_a_bug_in_a_sideband_costs_the_sideband(caplog: pytest.LogCaptureFixture) -> None:
    transport = BrokenTransport()
    async with under_way() as joined:
        await joined.running.runner.attach(transport)
        joined.client.send(InputAudioBufferClear())
        await joined.client.received(InputAudioBufferCleared)

    assert transport.close_code == 1011
    assert any(record.exc_info for record in caplog.records)
