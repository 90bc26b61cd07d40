"""The moments at which a session wants to be woken.

Source: protocol reference, "Idle timeout" and "Session expiry" (50-flows, sections 8 and 20).
"""

from collections.abc import Iterable
from dataclasses import dataclass


def earliest(times: Iterable[float | None]) -> float | None:
    """Return the least of them; None stands for never. Asked 50 times a second in each session."""
    first = None
    for time in times:
        if time is not None and (first is None or time < first):
            first = time
    return first


@dataclass(slots=True)
class Deadlines:
    """Monotonic times in seconds; None: never."""

    expires_at: float | None = None
    """End of the session."""
    idle_timeout_s: float | None = None
    """Of server_vad."""
    keypad_at: float | None = None
    """When what the caller types is complete, if no further key is pressed."""
    _idle_since: float | None = None

    @property
    def next(self) -> float | None:
        """The nearest of them."""
        return earliest((self.expires_at, self.keypad_at, self._idle_at))

    def start_idle(self, since: float) -> None:
        """The last answer has been played to its end at `since`: wait for the user."""
        self._idle_since = since

    def stop_idle(self) -> None:
        """Somebody speaks."""
        self._idle_since = None

    def is_idle(self, now: float) -> bool:
        """Whether the user has been silent for too long."""
        return self._idle_at is not None and now >= self._idle_at

    def has_typed(self, now: float) -> bool:
        """Whether what the caller typed is complete."""
        return self.keypad_at is not None and now >= self.keypad_at

    def has_expired(self, now: float) -> bool:
        """Whether the session is over."""
        return self.expires_at is not None and now >= self.expires_at

    @property
    def _idle_at(self) -> float | None:
        if self._idle_since is None or self.idle_timeout_s is None:
            return None
        return self._idle_since + self.idle_timeout_s
