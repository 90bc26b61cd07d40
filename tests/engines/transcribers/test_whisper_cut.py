import numpy as np

from vivavoce.engines.three_to_two import Samples
from vivavoce.engines.transcribers.whisper_cut import choose_cut
from vivavoce.engines.transcribers.whisper_orders import Cut


def _noise(seconds: float, *quiet_s: float) -> Samples:
    sound = np.random.default_rng(0).normal(0, 0.1, int(seconds * 16_000)).astype(np.float32)
    for middle_s in quiet_s:
        sound[int((middle_s - 0.1) * 16_000) : int((middle_s + 0.1) * 16_000)] *= 0.1
    return sound


def test_the_cut_is_made_in_the_quiet_before_a_word() -> None:
    cut = choose_cut(_noise(10, 5.0), [0.1, 2.5, 5.1, 7.0])

    assert cut is not None
    assert cut.n_words == 2
    assert abs(cut.at_s - 5.0) <= 0.06


def test_it_is_not_made_near_the_ends_nor_before_the_first_word() -> None:
    assert choose_cut(_noise(10, 3.0, 9.5), [0.1, 3.0, 9.5]) is None
    assert choose_cut(_noise(10), [6.0]) is None
    assert choose_cut(_noise(10), []) is None


def test_only_the_words_given_are_looked_at() -> None:
    cut = choose_cut(_noise(10, 7.0), [0.1, 6.0])

    assert isinstance(cut, Cut)
    assert cut.n_words == 1
    assert 5.7 <= cut.at_s <= 6.3
