"""The only place that reads the machine's clocks."""

import time


class Clock:
    """Monotonic and wall time; tests put a fixed one in its place."""

    def now(self) -> float:
        """Monotonic time in seconds, for deadlines."""
        return time.monotonic()

    def wall(self) -> int:
        """Unix time in whole seconds, for what the wire shows."""
        return int(time.time())

    def wall_ms(self) -> float:
        """Unix time in milliseconds, for traces, which are laid beside those of other machines."""
        return time.time() * 1000
