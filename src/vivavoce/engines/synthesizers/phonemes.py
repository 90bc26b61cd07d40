"""From text to the phonemes that both models speak, and from long runs of them to short ones."""

import threading
from collections.abc import Iterator

from hibari import Hibari
from hibari.g2p import G2P

_CLAUSE_ENDS = ",;:.!?…—"


class Phonemizer:
    """Reads English text aloud, in phonemes. Any thread may use it."""

    def __init__(self, *, is_british: bool = False) -> None:
        self._g2p = G2P(british=is_british)
        self._lock = threading.Lock()  # the library does not promise to bear two threads

    def sentences(self, text: str) -> Iterator[str]:
        """Yield the phonemes of each sentence; nothing for what can't be spoken, such as emoji."""
        for sentence in Hibari.split_sentences(text):
            with self._lock:
                phonemes: str = self._g2p(sentence)
            if any(sign.isalpha() for sign in phonemes):
                yield phonemes


def cut_phonemes(phonemes: str, first: int, others: int) -> Iterator[str]:
    """Yield pieces of at most `first`, then at most `others` phonemes.

    Cuts after punctuation if there is any, else between words (into halves if two will do), else
    anywhere.
    """
    limit = first
    while len(phonemes) > limit:
        end = _cut_before(phonemes, limit)
        yield phonemes[:end].strip()
        phonemes = phonemes[end:].strip()
        limit = others
    yield phonemes


def _cut_before(phonemes: str, limit: int) -> int:
    spaces = [at for at in range(1, limit + 1) if phonemes[at] == " "]
    after_clause = [at for at in spaces if phonemes[at - 1] in _CLAUSE_ENDS]
    if after_clause:
        return after_clause[-1]
    if not spaces:
        return limit
    half = len(phonemes) // 2
    return min(spaces, key=lambda at: abs(at - half))
