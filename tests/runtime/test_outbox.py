import asyncio

from vivavoce.protocol.codec import encode_server_event
from vivavoce.protocol.response_events import ResponseOutputAudioDelta
from vivavoce.protocol.server_events import ErrorDetail, ErrorEvent, ServerEvent
from vivavoce.runtime.outbox import HARD_LIMIT_BYTES, ROOM_BYTES, Outbox, sized, wire_size_bytes


def sound(n_bytes: int) -> ResponseOutputAudioDelta:
    return ResponseOutputAudioDelta(
        event_id="event_1",
        response_id="resp_1",
        item_id="item_1",
        output_index=0,
        content_index=0,
        delta=bytes(n_bytes),
    )


def error(message: str) -> ServerEvent:
    return ErrorEvent(event_id="event_1", error=ErrorDetail(message=message))


async def test_events_leave_in_the_order_they_came_and_then_the_end() -> None:
    outbox = Outbox()
    outbox.put(sized(error("one")))
    outbox.put(sized(error("two")))
    outbox.finish()

    first, second, end = await outbox.get(), await outbox.get(), await outbox.get()

    assert first is not None
    assert second is not None
    assert [first.event, second.event, end] == [error("one"), error("two"), None]


async def test_producers_wait_until_enough_was_sent() -> None:
    outbox = Outbox()
    outbox.put(sized(sound(ROOM_BYTES)))

    async with asyncio.TaskGroup() as tasks:
        producer = tasks.create_task(outbox.wait_for_room())
        entry = await outbox.get()
        await asyncio.sleep(0)
        was_done_before = producer.done()
        assert entry is not None
        outbox.sent(entry)

    assert not was_done_before
    assert outbox.size_bytes == 0


def test_one_event_may_be_larger_than_the_limit_but_none_may_follow_it() -> None:
    outbox = Outbox()

    assert outbox.put(sized(sound(2 * HARD_LIMIT_BYTES)))
    assert not outbox.put(sized(error("one too many")))


async def test_an_abandoned_outbox_holds_nothing_and_nobody() -> None:
    outbox = Outbox()
    outbox.put(sized(sound(2 * HARD_LIMIT_BYTES)))
    outbox.abandon()

    await outbox.wait_for_room()
    assert outbox.put(sized(error("nobody reads this")))
    assert outbox.size_bytes == 0


def test_sizes_are_those_of_the_wire() -> None:
    for event in (error("what a pity"), sound(9600)):
        actual = len(encode_server_event(event))
        assert abs(wire_size_bytes(event) - actual) < 64
