import asyncio

import pytest

from vivavoce.core.inputs import Tick
from vivavoce.interfaces import TrackSound
from vivavoce.protocol.client_events import InputAudioBufferAppend
from vivavoce.runtime.inbox import AUDIO_BYTES, INBOX_ITEMS, WAITING_SOUNDS, Inbox

SOUND = TrackSound(bytes(960), bytes(960))


async def test_who_finds_it_full_waits_until_something_is_taken() -> None:
    inbox = Inbox()
    for _ in range(INBOX_ITEMS):
        await inbox.put(Tick())

    async with asyncio.TaskGroup() as tasks:
        late = tasks.create_task(inbox.put(Tick()))
        await asyncio.sleep(0)
        was_done_before = late.done()
        await inbox.get(None)

    assert not was_done_before


async def test_what_came_before_the_end_is_still_taken_and_the_rest_dropped() -> None:
    inbox = Inbox()
    await inbox.put(Tick())
    inbox.end()
    await inbox.put(Tick())

    assert [await inbox.get(None), await inbox.get(None)] == [Tick(), None]


async def test_sound_keeps_its_place_but_takes_nobody_elses() -> None:
    inbox = Inbox()
    for _ in range(INBOX_ITEMS):
        await inbox.put(Tick())
    assert inbox.put_sound(SOUND)

    taken = [await inbox.get(None) for _ in range(INBOX_ITEMS + 1)]

    assert taken[-1] == SOUND


async def test_sound_that_nobody_takes_is_dropped_until_some_is_taken() -> None:
    inbox = Inbox()
    put = [inbox.put_sound(SOUND) for _ in range(WAITING_SOUNDS + 1)]
    await inbox.get(None)

    assert put == [True] * WAITING_SOUNDS + [False]
    assert inbox.put_sound(SOUND)


async def test_waiting_ends_at_the_deadline() -> None:
    with pytest.raises(TimeoutError):
        await Inbox().get(0.0)


async def test_much_audio_holds_up_the_reader_until_it_is_taken() -> None:
    inbox = Inbox()
    await inbox.put(InputAudioBufferAppend(audio=bytes(AUDIO_BYTES + 1)))

    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(inbox.wait_for_audio_room())
        await asyncio.sleep(0)
        was_done_before = reader.done()
        await inbox.get(None)

    assert not was_done_before
