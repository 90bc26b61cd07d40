"""Finds patterns in a text while it is written, sentence by sentence.

What a pattern may yet match cannot be told from its beginning, so each sentence waits for its end.
"""

import re
from collections.abc import Sequence

from vivavoce.engines.guards.scanning import Scan

SENTENCE_END = re.compile(r"[.!?…]+[\"')\]”’]*\s+|[。！？\n]\s*")  # noqa: RUF001 - CJK
LAST_SENTENCE_END = re.compile(r"(?<!\d)[.!?…]+[\"')\]”’]*\s*\Z")  # noqa: RUF001 - quotes


class PatternScanner:
    """Looks for patterns in one message."""

    def __init__(self, patterns: Sequence[re.Pattern[str]]) -> None:
        self._patterns = patterns
        self._sentence = ""
        """What was written of the one under way."""
        self._before = 0

    def push(self, text: str, *, is_clause: bool) -> Scan:
        """See `Scanner`."""
        self._sentence += text
        while (end := SENTENCE_END.search(self._sentence)) is not None:
            if self._is_violated(self._sentence[: end.end()]):
                return Scan(self._before, is_violated=True)
            self._before += end.end()
            self._sentence = self._sentence[end.end() :]
        if is_clause and LAST_SENTENCE_END.search(self._sentence) is not None:
            return self.end()
        return Scan(self._before)

    def end(self) -> Scan:
        """See `Scanner`."""
        if self._is_violated(self._sentence):
            return Scan(self._before, is_violated=True)
        self._before += len(self._sentence)
        self._sentence = ""
        return Scan(self._before)

    def _is_violated(self, sentence: str) -> bool:
        return any(pattern.search(sentence) is not None for pattern in self._patterns)
