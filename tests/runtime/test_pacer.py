"""The clock of all calls."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import pairwise

import pytest

from tests.virtual_time import VirtualLoop, run_in_virtual_time
from vivavoce.runtime.pacer import FULL_PHASE, MAX_LATE_S, PERIOD_S, Pacer


def times() -> tuple[list[float], Callable[[], None]]:
    """Return a list, and a function that notes in it when it is called."""
    seen: list[float] = []
    return seen, lambda: seen.append(asyncio.get_running_loop().time())


def nothing() -> None:
    """Play nothing."""


def gaps_ms(seen: list[float]) -> list[float]:
    return [round((b - a) * 1000, 3) for a, b in pairwise(seen)]


def test_it_strikes_every_20_ms() -> None:
    async def main() -> None:
        seen, note = times()
        with Pacer().paced(note, nothing):
            await asyncio.sleep(1.001)
        assert len(seen) == 51
        assert set(gaps_ms(seen)) == {20.0}

    run_in_virtual_time(main())


@pytest.mark.parametrize(
    ("n_calls", "moments_ms"),
    [(1, {0}), (FULL_PHASE, {0}), (FULL_PHASE + 1, {0, 10}), (5 * FULL_PHASE, {0, 5, 10, 15})],
)
def test_calls_share_a_moment_until_they_are_many(n_calls: int, moments_ms: set[int]) -> None:
    async def main() -> None:
        pacer = Pacer()
        noted = [times() for _ in range(n_calls)]
        with ExitStack() as calls:
            for _, note in noted:
                calls.enter_context(pacer.paced(note, nothing))
            await asyncio.sleep(1)
        assert {round(seen[0] * 1000) % 20 for seen, _ in noted} == moments_ms
        assert all(set(gaps_ms(seen)) == {20.0} for seen, _ in noted)

    run_in_virtual_time(main())


def test_what_the_loop_was_late_is_made_up_for() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        seen, note = times()
        with Pacer().paced(note, nothing):
            await asyncio.sleep(0.1)
            loop.selector.now += 2 * PERIOD_S  # the loop is held up
            await asyncio.sleep(0.9)
        assert len(seen) >= 51

    run_in_virtual_time(main())


def test_after_a_long_halt_it_goes_on_from_now() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        seen, note = times()
        with Pacer().paced(note, nothing):
            await asyncio.sleep(0.1)
            n_before = len(seen)
            loop.selector.now += 10
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert len(seen) - n_before <= MAX_LATE_S / PERIOD_S + 2

    run_in_virtual_time(main())


def test_calls_are_heard_then_their_tasks_run_then_they_are_played() -> None:
    async def main() -> None:
        pacer = Pacer()
        steps: list[str] = []
        news = {name: asyncio.Event() for name in "ab"}

        async def listen(name: str) -> None:
            await news[name].wait()
            steps.append(f"{name} is taken in")

        async with asyncio.TaskGroup() as tasks:
            with ExitStack() as calls:
                for name, one in news.items():
                    tasks.create_task(listen(name))
                    play = partial(steps.append, f"{name} is played")
                    calls.enter_context(pacer.paced(one.set, play))
                await asyncio.sleep(0.001)
        assert steps == ["a is taken in", "b is taken in", "a is played", "b is played"]

    run_in_virtual_time(main())


def test_the_fault_of_one_call_does_not_silence_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise RuntimeError("broken")

    async def main() -> None:
        pacer = Pacer()
        seen, note = times()
        with ExitStack() as calls:
            for strike in (fail, note):
                calls.enter_context(pacer.paced(strike, nothing))
            await asyncio.sleep(0.1)
        assert len(seen) >= 5

    with caplog.at_level(logging.ERROR):
        run_in_virtual_time(main())
    assert "broken" in caplog.text


def test_a_call_may_end_from_within_its_own_strike_and_others_may_come() -> None:
    async def main() -> None:
        pacer = Pacer()
        calls = ExitStack()
        seen, note = times()
        played, note_played = times()
        calls.enter_context(pacer.paced(calls.close, note_played))
        await asyncio.sleep(0.1)
        assert played == []
        with pacer.paced(note, nothing):
            await asyncio.sleep(0.1)
        assert len(seen) >= 5

    run_in_virtual_time(main())
