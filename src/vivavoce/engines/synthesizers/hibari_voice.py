"""The model of the default voice: 14 MB, a hundredth of real time on one core."""

from collections.abc import Callable, Iterator

import numpy as np
from hibari import Hibari

from vivavoce.engines.synthesizers.phonemes import Phonemizer, cut_phonemes
from vivavoce.engines.synthesizers.waveform import Samples

_MOST_PHONEMES = 400  # the library's own limit


class HibariVoice:
    """Speaks with hibari's speaker `heart`. Any thread may use it."""

    def __init__(self, phonemizer: Phonemizer) -> None:
        self._model = Hibari(voice="heart", threads=1)
        self._phonemizer = phonemizer

    def to_ids(self, phonemes: str) -> list[int]:
        """Return the tokens of phonemes, which Kokoro shares; a 0 at both ends."""
        ids: list[int] = self._model.ids(phonemes)
        return ids

    def speak(self, text: str, cancelled: Callable[[], bool]) -> Iterator[tuple[str, Samples]]:
        """Yield phonemes and their sound, a sentence at a time."""
        for sentence in self._phonemizer.sentences(text):
            for phonemes in cut_phonemes(sentence, _MOST_PHONEMES, _MOST_PHONEMES):
                if cancelled():
                    return
                yield phonemes, self._sound(phonemes)

    def _sound(self, phonemes: str) -> Samples:
        # The noise in its voice is seeded, so that the same text always sounds the same.
        noise = np.random.default_rng(0)
        samples: Samples = self._model.from_ids(self.to_ids(phonemes), rng=noise)
        return samples
