"""Whose turn it is at the one model that all sessions share: the most urgent, then the first."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from msgspec import Struct

Urgency = Callable[[], int]
"""Asked when a turn is given away; the lowest number goes first."""


class _Waiter(Struct, eq=False):
    """Somebody in the queue."""

    urgency: Urgency
    called: asyncio.Future[None]


class RunQueue:
    """Gives turns, one at a time. Urgency may change while one waits."""

    def __init__(self) -> None:
        self._waiters: list[_Waiter] = []
        self._is_busy = False

    @asynccontextmanager
    async def turn(self, urgency: Urgency) -> AsyncIterator[None]:
        """Wait for a turn and hold it."""
        await self._wait(urgency)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, urgency: Urgency) -> None:
        if not self._is_busy:
            self._is_busy = True
            return
        waiter = _Waiter(urgency, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            await waiter.called
        except asyncio.CancelledError:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
            else:  # called and cancelled at once
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        if not self._waiters:
            self._is_busy = False
            return
        following = min(self._waiters, key=lambda waiter: waiter.urgency())
        self._waiters.remove(following)
        following.called.set_result(None)
