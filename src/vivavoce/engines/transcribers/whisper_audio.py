"""The sound of one turn as it comes in, and what is known of the speaker."""

import asyncio
from collections.abc import AsyncIterator, Callable

from vivavoce.interfaces import AudioOrPause, SpeechPaused, SpeechResumed
from vivavoce.media.pcm import BYTES_PER_MS, BYTES_PER_SAMPLE, Pcm


class HeardAudio:
    """Sound kept until it is dropped. `follow` fills it while another task reads."""

    def __init__(self) -> None:
        self.is_over = False
        self.pause: int | None = None
        """Number of the pause the speaker makes; None while he speaks."""
        self._sound = bytearray()
        self._dropped_bytes = 0
        self._n_pauses = 0
        self._changed = asyncio.Event()

    async def follow(self, audio: AsyncIterator[AudioOrPause]) -> None:
        """Take everything to the end."""
        async for entry in audio:
            match entry:
                case Pcm(data=data):
                    self._sound += data
                case SpeechPaused():
                    self._n_pauses += 1
                    self.pause = self._n_pauses
                case SpeechResumed():
                    self.pause = None
            self._changed.set()
        self.is_over = True
        self._changed.set()

    async def until(self, is_due: Callable[[], bool]) -> None:
        """Wait until it is so; looked at after each change."""
        while not is_due():
            self._changed.clear()
            await self._changed.wait()

    @property
    def kept_ms(self) -> float:
        """Length of the sound that is kept."""
        return len(self._sound) / BYTES_PER_MS

    @property
    def total_ms(self) -> float:
        """Length of all sound of the turn."""
        return (self._dropped_bytes + len(self._sound)) / BYTES_PER_MS

    def first_ms(self, duration_ms: float) -> bytes:
        """Return the first sound that is kept, so much of it as there is."""
        return bytes(self._sound[: _n_bytes(duration_ms)])

    def drop_ms(self, duration_ms: float) -> None:
        """Forget the first sound that is kept."""
        n_bytes = min(_n_bytes(duration_ms), len(self._sound))
        del self._sound[:n_bytes]
        self._dropped_bytes += n_bytes


def _n_bytes(duration_ms: float) -> int:
    return int(duration_ms * BYTES_PER_MS) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE
