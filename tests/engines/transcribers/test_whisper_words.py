from vivavoce.engines.transcribers.whisper_words import SettledWords


def _take(settled: SettledWords, text: str, *, unsure: str = "") -> str:
    logprobs = [[-2.0 if word in unsure.split() else -0.1] for word in text.split()]
    return settled.take(_words(text), logprobs)


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


def test_words_the_model_is_not_sure_of_are_not_settled() -> None:
    settled = SettledWords()
    _take(settled, "howdy Mary to", unsure="howdy Mary")

    assert _take(settled, "howdy Mary to more amulet", unsure="howdy Mary") == ""


def test_an_unsure_end_does_not_hold_back_the_words_before_it() -> None:
    settled = SettledWords()
    _take(settled, "and mister John")

    assert _take(settled, "and mister John Dey", unsure="John Dey") == "and mister"


def test_a_word_may_have_to_be_agreed_on_three_times() -> None:
    settled = SettledWords(n_agreeing=3, n_unsettled=1)
    _take(settled, "one two")
    _take(settled, "one two three")

    assert _take(settled, "one two three four") == "one two"


def test_one_word_may_be_enough_to_settle_those_before_it() -> None:
    settled = SettledWords(n_unsettled=1)
    _take(settled, "one two")

    assert _take(settled, "one two three") == "one two"


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
