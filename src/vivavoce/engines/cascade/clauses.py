"""Cuts a stream of text into pieces to be spoken one by one.

The first piece is short, because its end is what the listener waits for; later ones are whole
sentences, which sound better. Pieces joined give the text again, letter by letter.
"""

import re

MIN_FIRST_CHARACTERS = 8  # a shorter piece is over before the next one can be there
MIN_FIRST_SENTENCE_CHARACTERS = 5  # "Hello!" is followed by a rest in any case
MAX_FIRST_WORDS = 7  # about two seconds of speech: enough for the next piece to be made
MIN_WORDS_BEFORE_JOINT = 3
MIN_CLAUSE_CHARACTERS = 60
"""A later sentence is cut at a comma from here on: the next piece is ready long before its end.

Early on, when little has been said yet, from twice as much as that: models write two to three
times as fast as they are read aloud.
"""
MAX_CLAUSE_CHARACTERS = 240  # without any punctuation: a listener waits, a voice runs out of breath

JOINTS = frozenset(
    """
    is are was were has have had can could will would should and but or so because that which who
    when where while if then with from into about for to in on at as by than
    """.split()  # noqa: SIM905 - as a list it would be twice as long
)
"""Words before which a speaker may rest."""
ABBREVIATIONS = frozenset(
    """
    mr mrs ms dr prof st sr jr vs etc approx no vol dept est fig inc ltd co e.g i.e a.m p.m
    """.split()  # noqa: SIM905 - as a list it would be twice as long
)
SENTENCE_END = re.compile(r"[.!?…。！？]+[\"')\]”’]*(?=\s|$)|[。！？]|\n")  # noqa: RUF001 - CJK
CLAUSE_END = re.compile(r"[,;:、，；：](?=\s|$)|[、，；：]|\s[-–—]+(?=\s)|—")  # noqa: RUF001 - CJK
INITIALS = re.compile(r"[b-hj-z]|([a-z]\.)+[a-z]")  # "J.", "U.S."; "a" and "I" are words
WORD = re.compile(r"\S+")


class ClauseCutter:
    """Takes text as it is written, gives clauses as soon as they are sure."""

    def __init__(self) -> None:
        self._text = ""
        self._n_given = 0

    def push(self, text: str) -> list[str]:
        """Take more text; return the clauses it completed, spaces kept."""
        self._text += text
        clauses = []
        while (end := self._next_end()) is not None:
            clauses.append(self._text[:end])
            self._text = self._text[end:]
            self._n_given += end
        return clauses

    def flush(self) -> list[str]:
        """The text is over: return what is left."""
        rest, self._text = self._text, ""
        return [rest] if rest else []

    def _next_end(self) -> int | None:
        sentence = self._end_of(SENTENCE_END, MIN_FIRST_SENTENCE_CHARACTERS)
        if self._n_given:
            at_least = min(MIN_CLAUSE_CHARACTERS, 2 * self._n_given)
            ends = (sentence, self._end_of(CLAUSE_END, at_least), self._breath())
            return next((end for end in ends if end is not None), None)
        clause = self._end_of(CLAUSE_END, MIN_FIRST_CHARACTERS)
        ends = (sentence, clause, self._joint())
        return min((end for end in ends if end is not None), default=None)

    def _end_of(self, mark: re.Pattern[str], at_least: int) -> int | None:
        for found in mark.finditer(self._text):
            end = found.end()
            # What follows a full stop decides what it was: "3.14", "e.g. this", the end.
            is_sure = end < len(self._text) or found[0][-1] not in ".:,"
            is_long = len(self._text[:end].strip()) >= at_least
            if is_sure and is_long and not _is_abbreviation(self._text[: found.start()], found[0]):
                return end
        return None

    def _joint(self) -> int | None:
        """Where a first clause without punctuation may be cut: before a word that begins a part."""
        words = list(WORD.finditer(self._text))
        for number, word in enumerate(words[:-1]):  # the last one may still grow
            if number >= MAX_FIRST_WORDS:
                return words[number - 1].end()
            if number >= MIN_WORDS_BEFORE_JOINT and word[0].lower() in JOINTS:
                return words[number - 1].end()
        return None

    def _breath(self) -> int | None:
        """Where a clause is cut that has grown too long: before its last word."""
        if len(self._text) <= MAX_CLAUSE_CHARACTERS:
            return None
        end = self._text.rstrip().rfind(" ")
        return end if end > 0 else len(self._text)


def spoken_form(clause: str) -> str:
    """Return what the voice is given: nothing if it can't be spoken, a rest where it was cut."""
    text = clause.strip()
    if not any(character.isalnum() for character in text):
        return ""
    return text if not text[-1].isalnum() else f"{text},"


def _is_abbreviation(before: str, mark: str) -> bool:
    if not mark.startswith("."):
        return False
    words = WORD.findall(before)
    last = words[-1].lower().strip("(\"'") if words else ""
    return last in ABBREVIATIONS or INITIALS.fullmatch(last) is not None
