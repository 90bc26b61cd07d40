"""Words as a listener tells them apart: without case and accents, numbers also as they are said."""

import re
import unicodedata
from collections.abc import Iterator

from msgspec import Struct

INVISIBLE = "\u00ad\u200b-\u200d\u2060\ufeff"  # soft hyphen, zero-width spaces and joiners
MARKS = "\u0300-\u036f"  # accents that follow their letter
UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"  # Thai, kana, Han: no spaces between words
WORD = re.compile(
    rf"[{UNSPACED}][{MARKS}{INVISIBLE}]*|(?:(?![{UNSPACED}])[^\W_]|[{MARKS}{INVISIBLE}])+|[&%@]"
)
SIGNS = {"&": "and", "%": "percent", "@": "at"}
"""Signs that are read aloud as words."""
LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"}
)
"""What Unicode does not take apart."""
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})
JOINING = re.compile(r"[-\u2010\u2011*_~`]*")
"""Signs within a word: hyphens, and Markdown that emphasises a part of it."""

ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    *("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen"),
    *("seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
HUNDRED, THOUSAND = 100, 1000
MAX_SAID = 999_999


class Word(Struct, frozen=True):
    """A word of a text."""

    letters: str
    start: int
    end: int
    """Places in the text."""
    is_sign: bool = False
    """Whether it is a sign that is read aloud as a word."""

    @property
    def is_single(self) -> bool:
        """Whether it is one letter or sign, as in what is spelled."""
        return len(self.letters) == 1


def words_of(text: str) -> list[Word]:
    """Return the words of a text in order."""
    found = (
        Word(plain(match[0]), match.start(), match.end(), match[0] in SIGNS)
        for match in WORD.finditer(text)
    )
    return [word for word in found if word.letters]


def plain(word: str) -> str:
    """Return a word without case, accents and what cannot be seen."""
    if word in SIGNS:
        return SIGNS[word]
    taken_apart = unicodedata.normalize("NFKD", word.casefold().translate(LETTERS))
    return "".join(sign for sign in taken_apart if unicodedata.category(sign) not in ("Mn", "Cf"))


def is_joined(between: str) -> bool:
    """Whether what stands between two words leaves them one word: nothing, or a hyphen."""
    return JOINING.fullmatch(between) is not None


def spoken_variants(phrase: str) -> Iterator[str]:
    """Yield other ways to write what sounds the same: umlauts, and numbers in English words."""
    if (in_letters := phrase.casefold().translate(UMLAUTS)) != phrase.casefold():
        yield in_letters
    if re.search(r"\d", phrase):
        yield re.sub(r"\d+", lambda number: f" {' '.join(_digits(number[0]))} ", phrase)
        yield re.sub(r"\d+", lambda number: f" {_said(number[0])} ", phrase)
        yield re.sub(r"\d+", lambda number: f" {_said(number[0], 'and ')} ", phrase)


def _digits(number: str) -> list[str]:
    return [ONES[int(digit)] for digit in number]


def _said(number: str, joint: str = "") -> str:
    value = int(number)
    return _cardinal(value, joint) if value <= MAX_SAID else " ".join(_digits(number))


def _cardinal(value: int, joint: str) -> str:
    if value < len(ONES):
        return ONES[value]
    if value < HUNDRED:
        tens, rest = divmod(value, 10)
        return TENS[tens - 2] + (f" {ONES[rest]}" if rest else "")
    size, name = (THOUSAND, "thousand") if value >= THOUSAND else (HUNDRED, "hundred")
    whole, rest = divmod(value, size)
    said = f"{_cardinal(whole, joint)} {name}"
    return said if not rest else f"{said} {joint}{_cardinal(rest, joint)}"
