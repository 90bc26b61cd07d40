"""The queue between answers and the ear."""

import asyncio

import pytest

from vivavoce.core.inputs import PlaybackCleared, PlaybackEnded, PlaybackStarted, PlayedItem
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.runtime.playout import FRAME_BYTES, ROOM_BYTES, Playout


def sound(ms: int, value: int = 1) -> bytes:
    return bytes([value]) * (ms * BYTES_PER_MS)


def play(playout: Playout, ms: int) -> bytes:
    return b"".join(playout.next_frame() for _ in range(ms // 20))


async def reports(playout: Playout, n: int) -> list[object]:
    async with asyncio.timeout(5):
        return [await playout.report() for _ in range(n)]


async def test_without_sound_it_plays_silence() -> None:
    assert Playout().next_frame() == bytes(FRAME_BYTES)


async def test_sound_comes_out_as_it_went_in_however_it_was_cut() -> None:
    playout = Playout()
    whole = bytes(range(256)) * 100
    for start in range(0, len(whole), 1234):
        playout.add("resp_1", "item_1", whole[start : start + 1234])
    played = play(playout, 600)
    assert played[: len(whole)] == whole
    assert not any(played[len(whole) :])


async def test_the_beginning_and_the_end_of_a_response_are_reported() -> None:
    playout = Playout()
    playout.add("resp_1", "item_1", sound(40))
    playout.next_frame()
    assert await reports(playout, 1) == [PlaybackStarted("resp_1")]
    playout.finish("resp_1")
    playout.next_frame()
    assert await reports(playout, 1) == [PlaybackEnded("resp_1")]


async def test_an_engine_that_is_slow_does_not_end_the_playback() -> None:
    playout = Playout()
    playout.add("resp_1", "item_1", sound(20))
    play(playout, 100)
    playout.add("resp_1", "item_1", sound(20))
    playout.finish("resp_1")
    play(playout, 100)
    assert await reports(playout, 2) == [PlaybackStarted("resp_1"), PlaybackEnded("resp_1")]


async def test_a_response_whose_end_is_learnt_after_its_last_sound_ends_then() -> None:
    playout = Playout()
    playout.add("resp_1", "item_1", sound(20))
    play(playout, 40)
    playout.finish("resp_1")
    playout.next_frame()
    assert await reports(playout, 2) == [PlaybackStarted("resp_1"), PlaybackEnded("resp_1")]


async def test_responses_are_played_one_after_the_other_without_a_gap() -> None:
    playout = Playout()
    playout.add("resp_1", "item_1", sound(30, 1))
    playout.add("resp_2", "item_2", sound(30, 2))
    playout.add("resp_1", "item_1", sound(30, 1))
    playout.finish("resp_1")
    playout.finish("resp_2")
    assert play(playout, 100) == sound(60, 1) + sound(30, 2) + bytes(10 * BYTES_PER_MS)
    assert await reports(playout, 4) == [
        PlaybackStarted("resp_1"),
        PlaybackEnded("resp_1"),
        PlaybackStarted("resp_2"),
        PlaybackEnded("resp_2"),
    ]


async def test_clearing_says_what_was_heard_of_each_item_and_drops_the_rest() -> None:
    playout = Playout()
    playout.add("resp_1", "item_1", sound(20))
    playout.add("resp_1", "item_2", sound(100))
    playout.add("resp_1", "item_3", sound(100))
    playout.finish("resp_1")
    playout.add("resp_2", "item_4", sound(100))
    play(playout, 60)
    assert playout.clear() == [
        PlaybackCleared("resp_1", (PlayedItem("item_2", 40), PlayedItem("item_3", 0))),
        PlaybackCleared("resp_2", (PlayedItem("item_4", 0),)),
    ]
    assert playout.next_frame() == bytes(FRAME_BYTES)
    assert playout.unplayed_ms == 0
    assert playout.clear() == []


async def test_an_unfinished_item_that_was_played_as_far_as_it_goes_was_not_heard_to_its_end() -> (
    None
):
    playout = Playout()
    playout.add("resp_1", "item_1", sound(40))
    play(playout, 100)
    assert playout.clear() == [PlaybackCleared("resp_1", (PlayedItem("item_1", 40),))]


async def test_producers_wait_while_too_much_is_unplayed() -> None:
    playout = Playout()
    playout.add("resp_1", "item_1", bytes(ROOM_BYTES + 2))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await playout.wait_for_room()
    playout.next_frame()
    async with asyncio.timeout(5):
        await playout.wait_for_room()


async def test_the_end_of_all_sound_can_be_waited_for() -> None:
    playout = Playout()
    async with asyncio.timeout(5):
        await playout.wait_until_played()
    playout.add("", "", sound(20))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await playout.wait_until_played()
    playout.next_frame()
    async with asyncio.timeout(5):
        await playout.wait_until_played()
