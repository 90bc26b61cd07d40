"""An event loop whose time jumps: hours of waiting pass in no time, always in the same order."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from vivavoce.clock import Clock

T = TypeVar("T")


class _JumpingSelector(selectors.SelectSelector):
    """Where the loop would wait, it moves the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everybody waits, and nothing will ever happen")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """For code without sockets or threads."""

    def __init__(self) -> None:
        self.selector = _JumpingSelector()
        super().__init__(self.selector)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self.selector.now


class VirtualClock(Clock):
    """The clock of the running virtual loop."""

    def now(self) -> float:
        """See `Clock`."""
        return asyncio.get_running_loop().time()


def run_in_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end and return what it returns."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
