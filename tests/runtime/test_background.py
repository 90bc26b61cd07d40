"""Tasks that outlive a request."""

import asyncio
import logging

import pytest

from vivavoce.runtime.background import Background


async def test_the_fault_of_a_task_ends_neither_the_others_nor_the_block(
    caplog: pytest.LogCaptureFixture,
) -> None:
    went_on = asyncio.Event()

    async def break_down() -> None:
        raise RuntimeError("broken")

    async def go_on() -> None:
        await asyncio.sleep(0)
        went_on.set()

    with caplog.at_level(logging.ERROR):
        async with asyncio.timeout(5), Background() as background:
            background.start(break_down(), "one")
            background.start(go_on(), "two")
            await went_on.wait()
    assert "broken" in caplog.text


async def test_leaving_the_block_cancels_what_still_runs_and_waits_for_its_end() -> None:
    has_ended = False

    async def linger() -> None:
        nonlocal has_ended
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            has_ended = True

    async with asyncio.timeout(5), Background() as background:
        background.start(linger(), "call")
        await asyncio.sleep(0)
    assert has_ended


async def test_an_exception_leaves_the_block_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with Background():
            raise KeyError
