"""Words and sound of a model that speaks by itself, put into the order that a session needs.

Such models send a transcript beside the sound, often well ahead of it. What was heard can be told
from what was not only if each clause comes right before its own sound.
"""

from collections import deque
from collections.abc import Iterator

from vivavoce.engines.cascade.clauses import ClauseCutter
from vivavoce.interfaces import AudioDelta, TextDelta
from vivavoce.media.pcm import BYTES_PER_MS, BYTES_PER_SAMPLE

CHARACTERS_PER_S = 15
"""Of English, read aloud at an ordinary pace; only used where the words run ahead of the sound."""
MAX_HELD_MS = 500
"""For so long sound waits for its first words; a hum or a laugh may have none."""


class SpokenOrder:
    """Takes words and sound as they come; gives them back in order. Of one answer."""

    def __init__(self, speed: float) -> None:
        self._ms_per_character = 1000 / (CHARACTERS_PER_S * speed)
        self._cutter = ClauseCutter()
        self._clauses: deque[str] = deque()
        """Whole ones that wait for their sound."""
        self._n_tokens = 0
        self._runs_ahead = False
        """Whether several clauses have waited at once."""
        self._held = b""
        """Sound that waits for its words, and half a sample."""
        self._has_begun = False
        self._sound_ms = 0.0
        self._covered_ms = 0.0
        """How long the words given so far are likely to sound."""

    def push_words(self, text: str, n_tokens: int = 1) -> None:
        """Take words; they are given with the next sound that may be theirs."""
        self._n_tokens += n_tokens
        self._clauses.extend(self._cutter.push(text))

    def push_sound(self, data: bytes) -> Iterator[TextDelta | AudioDelta]:
        """Take 24 kHz 16-bit mono, cut anywhere; yield what is due."""
        data = self._held + data
        words = self._due_words()
        if words:
            yield self._give(words)
        is_held = not self._has_begun and len(data) < MAX_HELD_MS * BYTES_PER_MS
        whole = 0 if is_held else len(data) - len(data) % BYTES_PER_SAMPLE
        self._held = data[whole:]
        if whole:
            self._has_begun = True
            self._sound_ms += whole / BYTES_PER_MS
            yield AudioDelta(data[:whole])

    def flush(self) -> Iterator[TextDelta | AudioDelta]:
        """Yield what is left: nothing more comes, or a call does."""
        words = self._all_words()
        if words or self._n_tokens:
            yield self._give(words)
        whole = len(self._held) - len(self._held) % BYTES_PER_SAMPLE
        sound, self._held = self._held[:whole], b""
        if sound:
            yield AudioDelta(sound)

    def _due_words(self) -> str:
        self._runs_ahead = self._runs_ahead or len(self._clauses) > 1
        if not self._runs_ahead:
            return self._all_words()
        if self._sound_ms < self._covered_ms:
            return ""
        return self._clauses.popleft() if self._clauses else self._all_words()

    def _all_words(self) -> str:
        words = "".join([*self._clauses, *self._cutter.flush()])
        self._clauses.clear()
        return words

    def _give(self, words: str) -> TextDelta:
        n_tokens, self._n_tokens = self._n_tokens, 0
        self._covered_ms += len(words) * self._ms_per_character
        self._has_begun = True
        return TextDelta(words, n_tokens)
