import re

import pytest

from vivavoce.engines.synthesizers.phonemes import Phonemizer, cut_phonemes


@pytest.fixture(scope="module")
def american() -> Phonemizer:
    return Phonemizer()


def without_stress(phonemes: str) -> str:
    return re.sub("[\u02c8\u02cc]", "", phonemes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It costs $5.20.", "It costs five dollars and twenty cents."),
        ("Pi is 3.14 or so.", "Pi is three point one four or so."),
        ("Come at 10:30.", "Come at ten thirty."),
        ("Ask Dr. Smith.", "Ask doctor Smith."),
        ("It is 20°C.", "It is twenty degrees Celsius."),
    ],
)
def test_numbers_and_abbreviations_are_read_as_words(
    american: Phonemizer, text: str, words: str
) -> None:
    (read,), (spelled,) = american.sentences(text), american.sentences(words)

    assert without_stress(read) == without_stress(spelled)


@pytest.mark.parametrize("text", ["", "  ", "...", "—", "?!", "\N{GRINNING FACE}", "你好"])
def test_what_cannot_be_spoken_has_no_sentences(american: Phonemizer, text: str) -> None:
    assert list(american.sentences(text)) == []


def test_each_sentence_comes_by_itself(american: Phonemizer) -> None:
    assert len(list(american.sentences("Hello. How is Dr. Smith? Fine."))) == 3


def test_british_speakers_pronounce_the_british_way(american: Phonemizer) -> None:
    (here,) = american.sentences("A bath")
    (there,) = Phonemizer(is_british=True).sentences("A bath")

    assert here != there


def test_a_short_run_is_not_cut() -> None:
    assert list(cut_phonemes("abc def", 10, 20)) == ["abc def"]


def test_a_long_run_is_cut_after_punctuation() -> None:
    assert list(cut_phonemes("one, two, three four five", 12, 20)) == [
        "one, two,",
        "three four five",
    ]


def test_without_punctuation_it_is_cut_between_words_in_the_middle() -> None:
    assert list(cut_phonemes("aaaa bbbb cccc dddd", 14, 20)) == ["aaaa bbbb", "cccc dddd"]


def test_later_pieces_may_be_longer() -> None:
    pieces = list(cut_phonemes("word " * 30, 10, 50))

    assert len(pieces[0]) <= 10 < len(pieces[1]) <= 50


@pytest.mark.parametrize("phonemes", ["x" * 1200, "word " * 240, "aa, " * 300])
def test_no_piece_is_too_long_and_no_phoneme_is_lost(phonemes: str) -> None:
    pieces = list(cut_phonemes(phonemes, 40, 120))

    assert all(pieces)
    assert max(map(len, pieces)) <= 120
    assert "".join(pieces).replace(" ", "") == phonemes.replace(" ", "")
