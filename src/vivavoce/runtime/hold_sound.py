"""A sound that fills the time in which nothing is said."""

from dataclasses import dataclass

from vivavoce.media.pcm import BYTES_PER_MS


@dataclass(slots=True)
class HoldSound:
    """One sound on its way to the ear; 24 kHz 16-bit mono."""

    playback_id: str
    data: bytes
    loops: bool
    follows: frozenset[str]
    """Responses that were being played when it was asked for: they don't end it."""
    n_played: int = 0
    """Bytes; more than there are once it has begun again."""

    @property
    def is_over(self) -> bool:
        """Whether it was heard to its end."""
        return not self.loops and self.n_played >= len(self.data)

    @property
    def played_ms(self) -> int:
        """How much was heard."""
        return self.n_played // BYTES_PER_MS

    def take(self, n_wanted: int) -> bytes:
        """Return the next bytes of it; fewer at its end."""
        taken = b""
        while len(taken) < n_wanted and not self.is_over:
            at = self.n_played % len(self.data)
            piece = self.data[at : at + n_wanted - len(taken)]
            taken += piece
            self.n_played += len(piece)
        return taken
