"""Whether the words so far look like all that the speaker wants to say.

Looks at the end of a transcript only: its last mark and its last words. The lists are English; in
other languages the mark decides, which transcribers leave away where the speech breaks off.
"""

import re
from typing import Literal

Ending = Literal["finished", "unfinished", "open"]
"""`open`: the words do not tell."""

_FULL_STOPS = ".。．।॥۔።։"  # noqa: RUF001 - of many scripts, on purpose
_ASKING = "!?！？؟"  # noqa: RUF001
_GOES_ON = ",;:،、，：-–—…"  # noqa: RUF001
_CLOSING = "\"'”’»)]*"  # noqa: RUF001


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_NEVER_LAST = _words(
    "a an the and or but nor because if unless although whereas than my your their our its every "
    "uh um uhm erm er hmm hm mhm"
)
"""No sentence ends with these, full stop or not: the speaker looks for words."""
_SELDOM_LAST = _NEVER_LAST | _words(
    "so of to for with from at in on by into about between is are am was were be been has have had "
    "do does did will would can could should shall may might must i we he she they who which that "
    "what where when whether while like this these those very really some any also not"
)
"""Without a full stop there is more to come."""
_BEFORE_SO = _words("think hope guess suppose believe imagine said say not is be even or")


def ending_of(text: str) -> Ending:
    """Return whether a transcript ends where its speaker may have wanted to end."""
    text = text.strip().rstrip(_CLOSING).rstrip()
    if not text:
        return "open"
    if text.endswith(("...", *_GOES_ON)):
        return "unfinished"
    if text[-1] in _ASKING:
        return "finished"
    words = re.findall(r"[\w']+", text.lower())
    if text[-1] not in _FULL_STOPS:
        return "unfinished" if words and words[-1] in _SELDOM_LAST else "open"
    return "unfinished" if _breaks_off(words) else "finished"


def _breaks_off(words: list[str]) -> bool:
    if not words or words[-1] in _NEVER_LAST:
        return True
    return words[-1] == "so" and (len(words) < 2 or words[-2] not in _BEFORE_SO)
