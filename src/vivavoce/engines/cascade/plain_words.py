"""Takes Markdown and pictures out of text that will be spoken.

The transcript is what is left, so that it says what was heard.
"""

import re

MAX_HELD_CHARACTERS = 200  # a link that is longer is spoken as it stands

LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
OPEN_LINK = re.compile(r"!?\[[^\[\]\n]*(\](\([^()\s]*)?)?$")
FENCE = re.compile(r"^[ \t]*(```|~~~)[^\n]*$", re.MULTILINE)
LINE_START = re.compile(
    r"^[ \t]*(#{1,6}[ \t]+|[-*+•][ \t]+|>[ \t]?|\d{1,2}[.)][ \t]+)", re.MULTILINE
)
OPEN_LINE_START = re.compile(r"(^|\n)[ \t]*([#*+>`~•-]*|\d{1,2}[.)]?)[ \t]*$")
TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{3,}[-:| \t]*$", re.MULTILINE)
MARKS = re.compile(r"[*`|]+|(?<!\w)_+|_+(?!\w)|~~")
PICTURES = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d\U0001f1e6-\U0001f1ff]+"
)
SPACES = re.compile(r"[ \t]{2,}")


class PlainWords:
    """Takes text as it is written; gives it without marks, as soon as they are sure."""

    def __init__(self) -> None:
        self._held = ""
        self._at_line_start = True
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
        if start is not None and (start.start() > 0 or start[1] or self._at_line_start):
            return start.start()
        link = OPEN_LINK.search(self._held)
        if link is not None:
            return link.start()
        fence = self._held.rfind("```")
        if fence >= 0 and "\n" not in self._held[fence:]:
            return fence  # the language's name may follow
        return len(self._held)

    def _plain(self, text: str) -> str:
        if not text:
            return ""
        # Patterns for the start of a line must not match in the middle of one.
        lead = "" if self._at_line_start else "\0"
        self._at_line_start = text.endswith("\n")
        plain = lead + text
        for pattern in (FENCE, TABLE_RULE, LINE_START):
            plain = pattern.sub("", plain)
        plain = LINK.sub(r"\1", plain)
        plain = MARKS.sub("", PICTURES.sub("", plain)).replace("\0", "")
        plain = SPACES.sub(" ", plain)
        if self._ended_in_space:
            plain = plain.lstrip(" ")
        if plain:
            self._ended_in_space = plain[-1].isspace()
        return plain
