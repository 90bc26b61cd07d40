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
        self._changed = threading.Condition(threading.RLock())
        self._n_live = 0
        self._is_reading = False
        self._live: deque[Place] = deque()
        self._ahead: deque[Place] = deque()
        self._n_moves = 0

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

    @property
    def n_moves(self) -> int:
        """Counts up with whatever anybody gets done: pieces read and, if told, words written."""
        return self._n_moves

    def moved(self) -> None:
        """Count something that was done outside of a turn."""
        with self._changed:
            self._n_moves += 1

    @contextmanager
    def line(self, *, is_live: bool) -> Iterator["Place"]:
        """Stand in line for the turn to read one piece; the block's end gives up place and turn."""
        place = Place(self._changed, self, is_live=is_live)
        try:
            yield place
        finally:
            place.leave()

    @contextmanager
    def piece(self, *, is_live: bool, is_stopped: Callable[[], bool]) -> Iterator[None]:
        """Wait for the turn to read one piece, and have it until the end of the block.

        Raises:
            Stopped: `is_stopped` came true while it waited.
        """
        with self.line(is_live=is_live) as place:
            for _ in place.come(is_stopped):
                pass
            yield

    def enter(self, place: "Place", *, is_live: bool) -> None:
        """Put a place at the end of its line."""
        (self._live if is_live else self._ahead).append(place)

    def try_begin(self, place: "Place", *, is_live: bool) -> bool:
        """Begin the turn of a place if it is its turn."""
        line = self._live if is_live else self._ahead
        if line[0] is not place or not self._is_free(is_live):
            return False
        line.popleft()
        self._is_reading = True
        return True

    def leave(self, place: "Place", *, is_live: bool, was_reading: bool) -> None:
        """Take a place out of its line, or end its turn."""
        if was_reading:
            self._is_reading = False
            self._n_moves += 1
        else:
            (self._live if is_live else self._ahead).remove(place)
        self._changed.notify_all()

    def _is_free(self, is_live: bool) -> bool:
        return not self._is_reading and (is_live or not (self._n_live or self._live))


class Place:
    """A place in one of the lines, later the turn itself. For one thread."""

    def __init__(self, changed: threading.Condition, turns: Turns, *, is_live: bool) -> None:
        self._changed = changed
        self._turns = turns
        self._is_live = is_live
        self._is_reading = False
        self._has_left = False
        with changed:
            turns.enter(self, is_live=is_live)

    def come(self, is_stopped: Callable[[], bool]) -> Iterator[None]:
        """Wait for the turn; yields whenever others got something done meanwhile.

        The place is kept between two yields and holds up those behind it: don't tarry there.

        Raises:
            Stopped: `is_stopped` came true while it waited.
        """
        n_seen = self._turns.n_moves
        while not is_stopped():
            with self._changed:
                if self._turns.try_begin(self, is_live=self._is_live):
                    self._is_reading = True
                    return
                self._changed.wait(_LOOK_S)
            if self._turns.n_moves != n_seen:
                n_seen = self._turns.n_moves
                yield
        raise Stopped

    def leave(self) -> None:
        """End the turn, or the waiting for it; a second time does nothing."""
        with self._changed:
            if not self._has_left:
                self._has_left = True
                self._turns.leave(self, is_live=self._is_live, was_reading=self._is_reading)
