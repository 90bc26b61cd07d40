"""The clock and the waiting of WASI preview 1, in place of wasmtime's own.

Wasmtime's waiting needs threads and descriptors that a sandbox process may not make any more.
Source: the WASI preview 1 specification (`subscription`, `event`, `clockid`).
"""

import struct
import threading

from vivavoce.clock import Clock
from vivavoce.tools.code.memory_files import Errno
from vivavoce.tools.code.wasi_memory import Memory

_SUBSCRIPTION = struct.Struct("<QB7xI4xQQH6x")  # user data, kind, clock, time ns, slack, flags
_EVENT = struct.Struct("<QHB5x16x")  # user data, error, kind
_OF_A_CLOCK = 0
_IS_A_MOMENT = 1  # of `flags`: a moment of the clock, not a while from now
_WALL = 0
_MAX_SUBSCRIPTIONS = 64


class WasiClock:
    """The functions, by the names of the specification; they return an errno."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now_ns(self, clock_id: int = _WALL) -> int:
        """Return Unix time for clock 0, and for every other one the monotonic time."""
        seconds = self._clock.wall_ms() / 1e3 if clock_id == _WALL else self._clock.now()
        return int(seconds * 1e9)

    def clock_time_get(self, memory: Memory, clock_id: int, _precision: int, result: int) -> int:
        """Say what time it is."""
        memory.pack(result, "Q", self.now_ns(clock_id))
        return 0

    def poll_oneoff(self, memory: Memory, wanted: int, events: int, count: int, result: int) -> int:
        """Wait for the first of some moments; descriptors are always ready."""
        if not 0 < count <= _MAX_SUBSCRIPTIONS:
            return Errno.INVAL
        listed = [
            (data, kind, time_ns - (self.now_ns(clock_id) if flags & _IS_A_MOMENT else 0))
            for data, kind, clock_id, time_ns, _, flags in _SUBSCRIPTION.iter_unpack(
                memory.read(wanted, _SUBSCRIPTION.size * count)
            )
        ]
        ready = [(data, kind) for data, kind, _ in listed if kind != _OF_A_CLOCK]
        if listed and not ready:
            data, kind, wait_ns = min(listed, key=lambda subscription: subscription[2])
            # The gateway's patience is seconds; a sandbox whose time is up is killed as it waits.
            threading.Event().wait(min(max(0, wait_ns) / 1e9, threading.TIMEOUT_MAX))
            ready = [(data, kind)]
        memory.write(events, b"".join(_EVENT.pack(data, 0, kind) for data, kind in ready))
        memory.pack(result, "I", len(ready))
        return 0
