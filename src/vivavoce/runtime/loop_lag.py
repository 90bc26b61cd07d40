"""How late the event loop is: the first sign of an engine that blocks it."""

import asyncio
from collections.abc import Callable

from vivavoce.clock import Clock

INTERVAL_S = 0.05


async def measure_loop_lag(clock: Clock, observe: Callable[[float], None]) -> None:
    """Report, until cancelled, by how many seconds each short sleep was too long."""
    while True:
        due = clock.now() + INTERVAL_S
        await asyncio.sleep(INTERVAL_S)
        observe(max(0.0, clock.now() - due))
