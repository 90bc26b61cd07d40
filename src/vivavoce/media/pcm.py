"""Mono 16-bit sound as a value, and the arithmetic between bytes, samples and milliseconds."""

from msgspec import Struct

BYTES_PER_SAMPLE = 2
RATE_HZ = 24_000
"""The rate of all sound inside the server (and of `audio/pcm` on the wire)."""
BYTES_PER_MS = RATE_HZ * BYTES_PER_SAMPLE // 1000


class Pcm(Struct, frozen=True, tag=True):
    """Mono audio, signed 16-bit little-endian samples."""

    data: bytes
    rate_hz: int = RATE_HZ

    @property
    def n_samples(self) -> int:
        """Whole samples held."""
        return len(self.data) // BYTES_PER_SAMPLE

    @property
    def duration_ms(self) -> float:
        """Length in milliseconds."""
        return self.n_samples * 1000 / self.rate_hz


def silence(ms: int, rate_hz: int = RATE_HZ) -> Pcm:
    """Return `ms` of digital silence."""
    return Pcm(bytes(ms * rate_hz // 1000 * BYTES_PER_SAMPLE), rate_hz)
