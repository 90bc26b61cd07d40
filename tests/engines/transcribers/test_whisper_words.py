from vivavoce.engines.transcribers.whisper_words import SettledWords


def _take(settled: SettledWords, text: str, *, is_sure: bool = True) -> str:
    return settled.take(_words(text), is_sure=is_sure)


def _words(text: str) -> list[str]:
    return [f" {word}" for word in text.split()]


def test_what_two_answers_agree_on_is_settled_but_for_the_last_two_words() -> None:
    settled = SettledWords()

    assert _take(settled, "and so my") == ""
    assert _take(settled, "and so my fell") == "and so"
    assert _take(settled, "and so my fellow Americans") == " my"
    assert _take(settled, "and so my fellow Americans ask not") == " fellow Americans"


def test_case_and_punctuation_do_not_count_and_stay_as_they_were_first() -> None:
    settled = SettledWords()
    _take(settled, "for you. Ask what")

    assert _take(settled, "For you ask what you can") == "For you ask what"
    assert settled.text(_words("For you, ask What you can.")) == "For you ask what you can."


def test_an_answer_the_model_is_not_sure_of_settles_nothing() -> None:
    settled = SettledWords()
    _take(settled, "howdy Mary to", is_sure=False)

    assert _take(settled, "howdy Mary to more amulet") == ""


def test_what_was_settled_stays_even_if_a_later_answer_differs() -> None:
    settled = SettledWords()
    _take(settled, "seven of clubs")
    _take(settled, "seven of clubs are now")

    assert settled.text(_words("eleven of clubs now please")) == "seven of clubs now please"
    assert settled.text(_words("well eleven of clubs now")) == "seven of clubs now"
    assert settled.text(_words("quite other words")) == "seven of clubs"
    assert settled.text(_words("quite other words they were")) == "seven of clubs they were"


def test_frozen_words_come_before_whatever_is_heard_later() -> None:
    settled = SettledWords()
    _take(settled, "one two three four")
    _take(settled, "one two three four five six")

    assert settled.freeze(_words("one two three four five"), 3) == ""
    assert settled.frozen == " one two three"
    assert settled.agreed == [" four"]
    assert _take(settled, "four five six seven") == " five"
    assert settled.text(_words("four five six")) == "one two three four five six"


def test_freezing_settles_what_was_not_settled_before() -> None:
    assert SettledWords().freeze(_words("one two three"), 2) == "one two"
