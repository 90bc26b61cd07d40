"""The input audio buffer: audio heard but not yet part of the conversation.

Times are ms since the start of the session's audio; commit and clear don't reset them.
"""

from vivavoce.media.pcm import BYTES_PER_MS

MAX_BUFFER_MS = 15 * 60 * 1000
"""More than this uncommitted is never kept; the newest stays (43 MB)."""
LISTENING_BUFFER_MS = 5_000
"""Kept while turn detection waits for speech: room for any usual prefix padding, 240 KB."""


class InputAudioBuffer:
    """24 kHz 16-bit mono audio between `start_ms` and `end_ms`."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._start_bytes = 0

    @property
    def start_ms(self) -> int:
        """The first whole millisecond kept."""
        return -(-self._start_bytes // BYTES_PER_MS)

    @property
    def end_ms(self) -> int:
        """Time after the last sample: all audio ever appended."""
        return (self._start_bytes + len(self._data)) // BYTES_PER_MS

    @property
    def duration_ms(self) -> float:
        """Length of what is kept."""
        return len(self._data) / BYTES_PER_MS

    def append(self, data: bytes) -> None:
        """Add audio; the oldest is dropped beyond `MAX_BUFFER_MS`."""
        self._data += data
        self.keep_last(MAX_BUFFER_MS)

    def keep_last(self, ms: int) -> None:
        """Drop what is older than `ms`."""
        excess = len(self._data) - ms * BYTES_PER_MS
        if excess > 0:
            self._drop(excess)

    def cut(self, start_ms: int, end_ms: int) -> bytes:
        """Return the audio between two times, as far as it is kept."""
        start = max(0, start_ms * BYTES_PER_MS - self._start_bytes)
        end = max(start, end_ms * BYTES_PER_MS - self._start_bytes)
        return bytes(self._data[start:end])

    def drop_before(self, ms: int) -> None:
        """Forget what lies before a time."""
        excess = min(ms * BYTES_PER_MS - self._start_bytes, len(self._data))
        if excess > 0:
            self._drop(excess)

    def clear(self) -> None:
        """Forget everything; time goes on."""
        self._drop(len(self._data))

    def _drop(self, n_bytes: int) -> None:
        del self._data[:n_bytes]
        self._start_bytes += n_bytes
