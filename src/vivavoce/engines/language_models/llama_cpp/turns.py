"""Whose turn it is to have a piece of a prompt read: live answers go before work done ahead.

The runtime can't stop reading a prompt once it began and makes every slot wait for it, so prompts
are read in small pieces, one at a time, and this decides before each.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOOK_S = 0.02  # how often somebody who waits looks whether he is still wanted


class Stopped(Exception):  # noqa: N818 - an order, not an error
    """Nobody waits for this work any more."""


class Turns:
    """One piece at a time, in order of arrival, live ones first. For threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._n_live = 0
        self._is_reading = False
        self._live: deque[object] = deque()
        self._ahead: deque[object] = deque()

    @contextmanager
    def live(self) -> Iterator[None]:
        """Mark a live answer, from its first piece to its last word; work ahead waits for it."""
        with self._changed:
            self._n_live += 1
        try:
            yield
        finally:
            with self._changed:
                self._n_live -= 1
                self._changed.notify_all()

    @contextmanager
    def piece(
        self, *, is_live: bool, is_stopped: Callable[[], bool]
    ) -> Iterator[Callable[[], None]]:
        """Wait for the turn to read one piece; yields what ends it before the block does.

        Raises:
            Stopped: `is_stopped` came true while it waited.
        """
        self._wait(self._live if is_live else self._ahead, is_live, is_stopped)
        is_over = False

        def end() -> None:
            nonlocal is_over
            if is_over:
                return
            is_over = True
            with self._changed:
                self._is_reading = False
                self._changed.notify_all()

        try:
            yield end
        finally:
            end()

    def _wait(self, line: deque[object], is_live: bool, is_stopped: Callable[[], bool]) -> None:
        me = object()
        with self._changed:
            line.append(me)
            try:
                while not is_stopped():
                    if line[0] is me and self._is_free(is_live):
                        self._is_reading = True
                        return
                    self._changed.wait(_LOOK_S)
            finally:
                line.remove(me)
        raise Stopped

    def _is_free(self, is_live: bool) -> bool:
        return not self._is_reading and (is_live or not (self._n_live or self._live))
