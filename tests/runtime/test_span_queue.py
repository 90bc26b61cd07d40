"""Traces on their way out."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from tests.runtime.fakes import until
from tests.runtime.spans import span
from vivavoce.runtime import span_queue
from vivavoce.runtime.span_queue import SpanQueue, TraceRecord


class OtherSide:
    """Takes batches, or refuses them."""

    def __init__(self) -> None:
        self.batches: list[Sequence[TraceRecord]] = []
        self.is_gone = False

    async def deliver(self, records: Sequence[TraceRecord]) -> None:
        if self.is_gone:
            raise OSError("nobody there")
        self.batches.append(records)


async def test_records_are_delivered_in_order_and_in_batches() -> None:
    other = OtherSide()
    queue = SpanQueue("the store", other.deliver)
    spans = [span(str(number)) for number in range(span_queue.BATCH + 1)]

    for one in spans:
        queue.put(one)
    await queue.deliver()

    assert [len(batch) for batch in other.batches] == [span_queue.BATCH, 1]
    assert [record for batch in other.batches for record in batch] == spans


async def test_what_finds_no_room_is_dropped_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = OtherSide()
    queue = SpanQueue("the store", other.deliver)

    for _ in range(span_queue.MAX_WAITING + 3):
        queue.put(span())
    await queue.deliver()
    await queue.deliver()

    assert sum(map(len, other.batches)) == span_queue.MAX_WAITING
    assert [record.getMessage() for record in caplog.records] == [
        "3 trace records found no room on their way to the store"
    ]


async def test_what_the_other_side_does_not_take_is_lost_and_the_rest_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    other = OtherSide()
    queue = SpanQueue("the collector", other.deliver)

    other.is_gone = True
    queue.put(span("1"))
    await queue.deliver()
    other.is_gone = False
    queue.put(span("2"))
    await queue.deliver()

    assert other.batches == [[span("2")]]
    assert "1 trace records are lost to the collector: nobody there" in caplog.text


async def test_delivering_goes_on_until_it_is_cancelled() -> None:
    other = OtherSide()
    queue = SpanQueue("the store", other.deliver, every_s=0.01)

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(queue.deliver_regularly())
        for n_delivered in (1, 2):
            queue.put(span())
            await until(lambda: len(other.batches) == n_delivered)  # noqa: B023 - awaited here
        task.cancel()

    assert len(other.batches) == 2
