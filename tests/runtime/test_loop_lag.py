import asyncio

from vivavoce.clock import Clock
from vivavoce.runtime.loop_lag import measure_loop_lag


class Steps(Clock):
    """Each look at it is 0.2 s later."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        self._now += 0.2
        return self._now


async def test_the_lag_is_what_a_sleep_took_too_long() -> None:
    lags: asyncio.Queue[float] = asyncio.Queue()

    async with asyncio.TaskGroup() as tasks:
        measuring = tasks.create_task(measure_loop_lag(Steps(), lags.put_nowait))
        lag = await lags.get()
        measuring.cancel()

    assert round(lag, 3) == 0.15
