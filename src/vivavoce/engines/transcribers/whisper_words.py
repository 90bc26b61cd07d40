"""Which words of a turn are settled, told from one answer of Whisper to the next.

A word is settled when two answers running (or more) agree on it and on all before it
("LocalAgreement"), and one or two more words follow: the last may be half a word, and the one
before changes with it ("asked not" becomes "ask not what"). Source: "Turning Whisper into Real-Time
Transcription System" (Macháček et al., 2023).
"""

from collections import deque
from collections.abc import Sequence
from difflib import SequenceMatcher

_SURE_LOGPROB = -0.5  # below it two answers running were seen to agree on nonsense


class SettledWords:
    """The words of one turn. Those frozen need not be heard again; the others are in the sound."""

    def __init__(self, *, n_agreeing: int = 2, n_unsettled: int = 2) -> None:
        """Begin a turn.

        Args:
            n_agreeing: answers running that must agree on a word, two at least.
            n_unsettled: last words of an answer that may still change, one at least.
        """
        self._n_unsettled = n_unsettled
        self._n_before = n_agreeing - 1
        self.frozen = ""
        """Text of words whose sound was dropped."""
        self.agreed: list[str] = []
        """Settled words at the start of the sound that is kept, as they were written then."""
        self._before: deque[list[str]] = deque(maxlen=self._n_before)
        """The answers before this one, as many as must agree with it."""

    def take(self, words: Sequence[str], logprobs: Sequence[Sequence[float]]) -> str:
        """Take an answer about the sound that is kept; return the text newly settled, or ''.

        Words the model is not sure of are not settled. What follows them does not count: the end
        of an answer, where a word is cut in two, is seldom sure.

        Args:
            words: of the answer.
            logprobs: natural-log probabilities of each word's tokens.
        """
        n_words = 0
        if len(self._before) == self._n_before:
            n_words = min(_n_same(words[: -self._n_unsettled], before) for before in self._before)
        while n_words and _mean(logprobs[:n_words]) < _SURE_LOGPROB:
            n_words -= 1
        self._before.append(list(words))
        return self._settle(self.consistent(words)[:n_words])

    def agrees(self, words: Sequence[str]) -> bool:
        """Say whether the answer begins with what is settled."""
        return _n_same(self.agreed, words) == len(self.agreed)

    def freeze(self, words: Sequence[str], n_words: int) -> str:
        """Drop the first words of an answer with their sound; return the text newly settled."""
        heard, words = words, self.consistent(words)
        n_words = max(0, n_words + len(words) - len(heard))
        delta = self._settle(words[:n_words])
        self.frozen += "".join(words[:n_words])
        self.agreed = self.agreed[n_words:]
        self._before.clear()
        self._before.extend([words[n_words:]] * self._n_before)
        return delta

    def text(self, words: Sequence[str]) -> str:
        """Return all that was said, given an answer about the sound that is kept."""
        return (self.frozen + "".join(self.consistent(words))).strip()

    def consistent(self, words: Sequence[str]) -> list[str]:
        """Return the answer with what is settled at its start; a promise is kept."""
        if self.agrees(words):
            return [*self.agreed, *words[len(self.agreed) :]]
        matcher = SequenceMatcher(None, _folded(self.agreed), _folded(words), autojunk=False)
        blocks = [block for block in matcher.get_matching_blocks() if block.size]
        if not blocks:
            return [*self.agreed, *words[len(self.agreed) :]]
        last = blocks[-1]
        return [*self.agreed, *words[last.b + len(self.agreed) - last.a :]]

    def _settle(self, words: list[str]) -> str:
        if len(words) <= len(self.agreed):
            return ""
        is_first = not self.frozen and not self.agreed
        delta = "".join(words[len(self.agreed) :])
        self.agreed = words
        return delta.lstrip() if is_first else delta


def _mean(logprobs: Sequence[Sequence[float]]) -> float:
    tokens = [logprob for word in logprobs for logprob in word]
    return sum(tokens) / len(tokens) if tokens else 0.0


def _n_same(words: Sequence[str], others: Sequence[str]) -> int:
    count = 0
    for one, other in zip(_folded(words), _folded(others), strict=False):
        if one != other:
            break
        count += 1
    return count


def _folded(words: Sequence[str]) -> list[str]:
    """Return the words without what changes as a sentence goes on: case and punctuation."""
    return ["".join(c for c in word.lower() if c.isalnum()) for word in words]
