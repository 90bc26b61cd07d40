"""Takes Markdown and pictures out of text that will be spoken.

The transcript is what is left, so that it says what was heard.
"""

import re

MAX_HELD_CHARACTERS = 200  # a link that is longer is spoken as it stands

LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
OPEN_LINK = re.compile(r"!?\[[^\[\]\n]*(\](\([^()\s]*)?)?$|(?<!\S)!$")
FENCE = re.compile(r"^[ \t]*(```|~~~)[^\n]*$", re.MULTILINE)
LINE_START = re.compile(
    r"^[ \t]*(#{1,6}[ \t]+|[-*+•][ \t]+|>[ \t]?|\d{1,2}[.)][ \t]+)", re.MULTILINE
)
OPEN_LINE_START = re.compile(r"(^|\n)[ \t]*([#*+>`~•|:-][#*+>`~•|: \t-]*|\d{1,2}[.)]?)?[ \t]*$")
TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{3,}[-:| \t]*$", re.MULTILINE)
MARKS = re.compile(r"[*`|]+|(?<![\w\x01])_+|_+(?!\w)|~~")
OPEN_MARK = re.compile(r"[_~]+$")  # what comes next tells what it is
PICTURES = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d\U0001f1e6-\U0001f1ff]+"
)
SPACES = re.compile(r"[ \t]{2,}")

_LINE_START, _WORD, _NO_WORD = "", "\x01", "\0"
"""Stand for the character before a piece, which the patterns must know of and not see again."""


class PlainWords:
    """Takes text as it is written; gives it without marks, as soon as they are sure."""

    def __init__(self) -> None:
        self._held = ""
        self._before = _LINE_START
        self._ended_in_space = True

    def push(self, text: str) -> str:
        """Take more text; return what can be spoken of it."""
        self._held += text
        cut = self._first_unsure()
        ready, self._held = self._held[:cut], self._held[cut:]
        return self._plain(ready)

    def flush(self) -> str:
        """The text is over: return what was held back."""
        ready, self._held = self._held, ""
        return self._plain(ready)

    def _first_unsure(self) -> int:
        if len(self._held) > MAX_HELD_CHARACTERS:
            return len(self._held)
        start = OPEN_LINE_START.search(self._held)
        if start is not None and (start.start() > 0 or start[1] or self._before == _LINE_START):
            return start.start()
        link = OPEN_LINK.search(self._held)
        if link is not None:
            return link.start()
        fence = self._held.rfind("```")
        if fence >= 0 and "\n" not in self._held[fence:]:
            return fence  # the language's name may follow
        mark = OPEN_MARK.search(self._held)
        return len(self._held) if mark is None else mark.start()

    def _plain(self, text: str) -> str:
        if not text:
            return ""
        plain = self._before + text
        self._before = _stand_in(text[-1])
        for pattern in (FENCE, TABLE_RULE, LINE_START):
            plain = pattern.sub("", plain)
        plain = LINK.sub(r"\1", plain)
        plain = MARKS.sub("", PICTURES.sub("", plain)).lstrip(_WORD + _NO_WORD)
        plain = SPACES.sub(" ", plain)
        if self._ended_in_space:
            plain = plain.lstrip(" ")
        if plain:
            self._ended_in_space = plain[-1].isspace()
        return plain


def _stand_in(character: str) -> str:
    if character == "\n":
        return _LINE_START
    return _WORD if character.isalnum() or character == "_" else _NO_WORD
