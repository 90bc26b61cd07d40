import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.engines.cascade.clauses import MAX_CLAUSE_CHARACTERS, ClauseCutter, spoken_form

OPENING = "Extraordinarily interesting question!"  # so long that no later clause must be short
PROSE = st.text(alphabet=st.sampled_from("ab1 .,:;!?-\n'\"€你。"), max_size=80)


def clauses(text: str, n_at_once: int = 1) -> list[str]:
    """Cut a text that is written a few characters at a time."""
    cutter = ClauseCutter()
    pieces = [text[at : at + n_at_once] for at in range(0, len(text), n_at_once)]
    return [clause for piece in pieces for clause in cutter.push(piece)] + cutter.flush()


def first_clause_of_written(text: str) -> str | None:
    """Return the first clause if it is sure before anything more is written."""
    return next(iter(ClauseCutter().push(text)), None)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Of course, it", "Of course,"),
        ("Certainly! ", "Certainly!"),
        ("Hello! How", "Hello!"),
        ("Let me see: it", "Let me see:"),
        ("Yes indeed; it", "Yes indeed;"),
        ("Good question — it", "Good question —"),
        ("I can help you with that", "I can help you"),
        ("One two three four five six seven eight nine", "One two three four five six seven"),
        ("你好，我是助手，很高", "你好，我是助手，"),
        ("今天天气很好！", "今天天气很好！"),
    ],
)
def test_the_first_clause_comes_early(text: str, first: str) -> None:
    assert first_clause_of_written(text) == first


@pytest.mark.parametrize("text", ["Well, I", "Hi. I", "I am", "Of course,", "The price is 3."])
def test_the_first_clause_waits_until_it_is_sure_and_long_enough(text: str) -> None:
    assert first_clause_of_written(text) is None


@pytest.mark.parametrize(
    "sentence",
    [
        "Please ask Dr. Smith.",
        "Please pay $5.20.",
        "About 3.14159.",
        "Come at 10:30 p.m. today.",
        "Look at https://example.com/a.b now.",
        "Over 1,000,000.",
        "By J. K. Rowling.",
        "The U.S. economy.",
        "Fruit, e.g. apples.",
    ],
)
def test_no_clause_ends_inside_a_number_an_abbreviation_or_an_address(sentence: str) -> None:
    assert clauses(f"{OPENING} {sentence} Good.") == [OPENING, f" {sentence}", " Good."]


def test_later_clauses_are_sentences() -> None:
    text = f"{OPENING} The sky, as you see, is blue. So is the sea."

    assert clauses(text) == [OPENING, " The sky, as you see, is blue.", " So is the sea."]


def test_a_long_sentence_is_cut_at_a_comma() -> None:
    text = f"{OPENING} The sky is blue because air scatters short waves more than long, and blue."

    assert clauses(text)[1:] == [
        " The sky is blue because air scatters short waves more than long,",
        " and blue.",
    ]


def test_the_second_clause_may_be_short_when_the_first_was() -> None:
    assert clauses("Of course, if you like green apples, we can have some of them.") == [
        "Of course,",
        " if you like green apples,",
        " we can have some of them.",
    ]


def test_endless_text_without_punctuation_is_cut_between_words() -> None:
    parts = clauses("Hello. " + "word " * 200)

    assert max(map(len, parts)) <= MAX_CLAUSE_CHARACTERS
    assert all(part.strip().endswith(("word", "Hello.")) for part in parts)


def test_lines_are_clauses() -> None:
    assert clauses("Two things I like\napples\npears") == [
        "Two things I like\n",
        "apples\n",
        "pears",
    ]


@given(PROSE, st.integers(1, 10))
def test_clauses_joined_give_the_text_again(text: str, n_at_once: int) -> None:
    assert "".join(clauses(text, n_at_once)) == text


def test_an_empty_text_has_no_clauses() -> None:
    assert clauses("") == []


@pytest.mark.parametrize(
    ("clause", "spoken"),
    [
        (" Hello. ", "Hello."),
        ("I can help", "I can help,"),
        ("...", ""),
        (" \n", ""),
        ('"', ""),
    ],
)
def test_the_voice_is_given_words_and_a_rest_where_the_text_was_cut(
    clause: str, spoken: str
) -> None:
    assert spoken_form(clause) == spoken
