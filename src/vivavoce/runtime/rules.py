"""What a runner sees of the rules that it runs."""

from typing import Protocol

from vivavoce.core.inputs import Input
from vivavoce.core.outputs import Output
from vivavoce.protocol.audio_settings import AudioFormat, NoiseReduction


class Rules(Protocol):
    """The session, as its runner sees it: `core.session.Session`."""

    @property
    def session_id(self) -> str:
        """On the wire and in logs."""
        ...

    @property
    def next_deadline(self) -> float | None:
        """Monotonic seconds at which it wants a `Tick`; a tick must move it on."""
        ...

    @property
    def input_format(self) -> AudioFormat:
        """Of appended audio, now."""
        ...

    @property
    def noise_reduction(self) -> NoiseReduction | None:
        """Of appended audio, now; None: none."""
        ...

    def handle(self, item: Input, now: float) -> list[Output]:
        """Take what happened, return what to do."""
        ...
