"""Lines and sounds between the answers."""

import asyncio

from vivavoce.core.inputs import (
    InterludeEnded,
    InterludeStarted,
    PlaybackCleared,
    PlaybackEnded,
    PlaybackStarted,
    PlayedItem,
)
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.runtime.playout import FRAME_BYTES, Playout

RING, WORD = b"\1", b"\2"


def sound(ms: int, of: bytes = WORD) -> bytes:
    return of * (ms * BYTES_PER_MS)


def play(playout: Playout, ms: int) -> bytes:
    return b"".join(playout.next_frame() for _ in range(ms // 20))


async def reports(playout: Playout, n: int) -> list[object]:
    async with asyncio.timeout(5):
        return [await playout.report() for _ in range(n)]


async def test_an_answer_waits_for_the_end_of_a_line_that_is_still_being_made() -> None:
    playout = Playout()
    playout.begin_line("line")
    playout.add("resp_1", "item_1", sound(40, RING))
    assert playout.next_frame() == bytes(FRAME_BYTES)
    playout.add_to_line("line", sound(40))
    playout.finish_line("line")
    assert play(playout, 80) == sound(40) + sound(40, RING)
    assert await reports(playout, 3) == [
        InterludeStarted("line"),
        InterludeEnded("line", "completed", 40),
        PlaybackStarted("resp_1"),
    ]


async def test_a_sound_goes_on_until_an_answer_is_there() -> None:
    playout = Playout()
    assert playout.play_sound("ring", sound(30, RING), loops=True) == []
    assert play(playout, 200) == sound(200, RING)
    playout.add("resp_1", "item_1", sound(20))
    assert play(playout, 40) == sound(20) + bytes(FRAME_BYTES)
    assert await reports(playout, 3) == [
        InterludeStarted("ring"),
        InterludeEnded("ring", "answered", 200),
        PlaybackStarted("resp_1"),
    ]


async def test_a_sound_follows_the_answer_that_is_being_played_and_does_not_end_with_it() -> None:
    playout = Playout()
    playout.add("resp_1", "item_1", sound(20))
    playout.play_sound("ring", sound(20, RING), loops=True)
    playout.add("resp_1", "item_1", sound(20))
    playout.finish("resp_1")
    assert play(playout, 80) == sound(40) + sound(40, RING)
    assert await reports(playout, 3) == [
        PlaybackStarted("resp_1"),
        PlaybackEnded("resp_1"),
        InterludeStarted("ring"),
    ]


async def test_a_sound_does_not_talk_into_an_answer_that_is_slow() -> None:
    playout = Playout()
    playout.add("resp_1", "item_1", sound(20))
    playout.play_sound("ring", sound(20, RING), loops=True)
    assert play(playout, 60) == sound(20) + bytes(2 * FRAME_BYTES)


async def test_a_sound_is_heard_until_a_line_begins_and_goes_on_after_it() -> None:
    playout = Playout()
    playout.play_sound("ring", sound(20, RING), loops=True)
    playout.begin_line("line")
    assert play(playout, 40) == sound(40, RING)
    playout.add_to_line("line", sound(20))
    playout.finish_line("line")
    assert play(playout, 60) == sound(20) + sound(40, RING)


async def test_a_sound_ends_by_itself_unless_it_is_repeated() -> None:
    playout = Playout()
    playout.play_sound("ring", sound(30, RING), loops=False)
    assert play(playout, 60) == sound(30, RING) + sound(30, b"\0")
    expected = [InterludeStarted("ring"), InterludeEnded("ring", "completed", 30)]
    assert await reports(playout, 2) == expected


async def test_a_new_sound_takes_the_place_of_the_one_before() -> None:
    playout = Playout()
    playout.play_sound("a", sound(20, RING), loops=True)
    playout.next_frame()
    assert playout.play_sound("b", sound(20), loops=True) == [InterludeEnded("a", "replaced", 20)]
    assert playout.next_frame() == sound(20)


async def test_clearing_ends_lines_and_sounds_too() -> None:
    playout = Playout()
    playout.begin_line("line")
    playout.add_to_line("line", sound(100))
    playout.play_sound("ring", sound(20, RING), loops=True)
    playout.next_frame()
    assert playout.clear() == [
        InterludeEnded("line", "interrupted", 20),
        InterludeEnded("ring", "interrupted", 0),
    ]
    assert not playout.has_line("line")
    playout.add_to_line("line", sound(100))
    assert playout.next_frame() == bytes(FRAME_BYTES)


async def test_one_can_be_stopped_and_what_follows_is_heard() -> None:
    playout = Playout()
    playout.begin_line("line")
    playout.add_to_line("line", sound(100))
    playout.add("resp_1", "item_1", sound(20, RING))
    playout.next_frame()
    assert playout.stop("line") == [InterludeEnded("line", "stopped", 20)]
    assert playout.stop("line") == []
    assert playout.next_frame() == sound(20, RING)
    assert playout.unplayed_ms == 0


async def test_a_line_may_have_the_id_of_a_response() -> None:
    playout = Playout()
    playout.add("resp_1", "item_1", sound(20, RING))
    playout.begin_line("resp_1")
    assert playout.clear() == [
        PlaybackCleared("resp_1", (PlayedItem("item_1", 0),)),
        InterludeEnded("resp_1", "interrupted", 0),
    ]
