"""Those who look on: metrics, recorder. They change nothing."""

from collections.abc import Sequence
from typing import Protocol

from vivavoce.core.inputs import Input
from vivavoce.core.outputs import Output
from vivavoce.runtime.turn_timing import Timing


class Observer(Protocol):
    """Is told of every step of one session, right after it; must be quick."""

    def saw(self, now: float, item: Input, outputs: Sequence[Output]) -> None:
        """At `now` (monotonic seconds) the session was told `item` and asked for `outputs`."""
        ...

    def timed(self, timing: Timing) -> None:
        """Something that has a length came to its end."""
        ...

    def ended(self, now: float) -> None:
        """The session is over; nothing follows."""
        ...
