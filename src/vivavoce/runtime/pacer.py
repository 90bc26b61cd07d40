"""One clock for the sound of all calls: it strikes every 20 ms for each of them.

A task for each call would cost more and strike less evenly. The calls of one phase are heard
together, their sessions take that in, and then they are spoken to together: who interrupts is not
spoken to any more, and the processor wakes up once for all of them. Many calls are spread over four
phases, so that not all work falls on the same moment.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LOG = logging.getLogger(__name__)

PERIOD_S = 0.020
N_PHASES = 4
PHASE_S = PERIOD_S / N_PHASES
FILLED_IN_TURN = (0, 2, 1, 3)
FULL_PHASE = 64
"""Calls, before the next phase is used: some 5 ms of work."""
MAX_LATE_S = 0.060
"""What the loop was late is made up for, up to this; more would only fill the peer's buffer."""

Strike = Callable[[], None]
"""Must not wait."""


@dataclass(slots=True, eq=False)
class _Call:
    hear: Strike
    play: Strike
    is_over: bool = False


class Pacer:
    """Belongs to one event loop; keeps no timer while there are no calls."""

    def __init__(self) -> None:
        self._phases: tuple[list[_Call], ...] = tuple([] for _ in range(N_PHASES))
        self._next_phase = 0
        self._next_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def paced(self, hear: Strike, play: Strike) -> Iterator[None]:
        """Call both every 20 ms, from the loop, until the block is left.

        Args:
            hear: called first.
            play: called when the tasks that `hear` woke have taken in what was heard.
        """
        phase = self._next_place()
        call = _Call(hear, play)
        phase.append(call)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._next_at = loop.time()
            self._timer = loop.call_at(self._next_at, self._run)
        try:
            yield
        finally:
            call.is_over = True
            phase.remove(call)
            if self._timer is not None and not any(self._phases):
                self._timer.cancel()
                self._timer = None

    def _next_place(self) -> list[_Call]:
        for number in FILLED_IN_TURN:
            if len(self._phases[number]) < FULL_PHASE:
                return self._phases[number]
        return min(self._phases, key=len)

    def _run(self) -> None:
        loop = asyncio.get_running_loop()
        n_lost_periods = int((loop.time() - self._next_at - MAX_LATE_S) // PERIOD_S) + 1
        if n_lost_periods > 0:
            self._next_at += n_lost_periods * PERIOD_S
        while True:
            phase = tuple(self._phases[self._next_phase])
            for call in phase:
                _strike(call, call.hear)
            loop.call_soon(_play, phase)  # tasks that were woken stand in line before it
            self._advance()
            if self._next_at > loop.time() or not any(self._phases):
                break
        if any(self._phases):
            self._timer = loop.call_at(self._next_at, self._run)
        else:
            self._timer = None

    def _advance(self) -> None:
        """Go on to the next phase that has calls."""
        for _ in range(N_PHASES):
            self._next_phase = (self._next_phase + 1) % N_PHASES
            self._next_at += PHASE_S
            if self._phases[self._next_phase]:
                return


def _play(phase: tuple[_Call, ...]) -> None:
    for call in phase:
        _strike(call, call.play)


def _strike(call: _Call, strike: Strike) -> None:
    if call.is_over:
        return
    try:
        strike()
    except Exception:  # one call's fault must not silence the others
        LOG.exception("a bug of ours took 20 ms of a call's sound")
