"""One pending timer for each machine that has a `next_deadline`."""

import asyncio
from collections.abc import Callable, Hashable

from vivavoce.clock import Clock
from vivavoce.transports.sip.transactions import NEVER, OVER


class Alarms:
    """Calls back when a machine's deadline has come; machines are told apart by a key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._handles: dict[Hashable, asyncio.TimerHandle] = {}

    def set(self, key: Hashable, deadline: float, ring: Callable[[], None]) -> None:
        """Set the alarm of a machine; an earlier one is forgotten."""
        self.cancel(key)
        if deadline in (NEVER, OVER):
            return
        delay_s = max(0.0, deadline - self._clock.now())

        def due() -> None:
            self._handles.pop(key, None)
            ring()

        self._handles[key] = asyncio.get_running_loop().call_later(delay_s, due)

    def cancel(self, key: Hashable) -> None:
        """Forget the alarm of a machine."""
        handle = self._handles.pop(key, None)
        if handle is not None:
            handle.cancel()

    def close(self) -> None:
        """Forget all alarms."""
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()
