"""The lines of a transcript: marks, names, and fields such as `response.status=completed`.

A value is JSON where it parses as such (`"two words"`, `[1, 2]`, `null`), else a bare word. Bytes
are written as the time they last, `400ms` of 24 kHz sound, or as `3200bytes`. `absent` stands for
a field that must not be there.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vivavoce.media.pcm import BYTES_PER_MS

INPUT_MARKS = ">~*@"
OUTPUT_MARKS = "<!"
ANYTHING = "…"
ABSENT = "absent"
_SIZE = re.compile(r"(\d+)(ms|bytes)")
_KEY = re.compile(r"([\w.\[\]-]+)=")
_STEP = re.compile(r"(\w+)|\[(\d+)\]")
_DECODER = json.JSONDecoder()
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a transcript, read."""

    mark: str
    text: str
    """The line as it stands in the file."""
    words: tuple[object, ...] = ()
    """What stands without a key: names, ids, numbers, JSON."""
    fields: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_anything(self) -> bool:
        """Whether it stands for any number of outputs."""
        return self.mark == "<" and self.words == (ANYTHING,)


def read_line(text: str) -> Line:
    """Read a line that begins with a mark.

    Raises:
        ValueError: a word follows a JSON value without a space.
    """
    words: list[object] = []
    fields: dict[str, object] = {}
    for key, value in _tokens(text[1:]):
        if key is None:
            words.append(value)
        else:
            fields[key] = value
    return Line(text[0], text, tuple(words), fields)


def lookup(tree: object, path: str) -> object:
    """Return what stands at a path such as `item.content[0].text`; `absent` if nothing does."""
    for name, index in _STEP.findall(path):
        if name and isinstance(tree, dict):
            tree = tree.get(name, _MISSING)
        elif index and isinstance(tree, (list, tuple)) and int(index) < len(tree):
            tree = tree[int(index)]
        else:
            return ABSENT
    return ABSENT if tree is _MISSING else tree


def place(tree: dict[str, object], path: str, value: object) -> None:
    """Put a value where a path leads, making objects and arrays on the way."""
    steps: list[str | int] = [name or int(index) for name, index in _STEP.findall(path)]
    at: object = tree
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        below: object = [] if isinstance(following, int) else {}
        below = value if following is None else below
        if isinstance(at, list):
            assert isinstance(step, int)
            if step == len(at):
                at.append(below)
            at = at[step]
        elif isinstance(at, dict):
            at[step] = below if following is None else at.get(step, below)
            at = at[step]


def agrees(actual: object, expected: object) -> bool:
    """Whether a value is as expected; of objects only the members that are expected count."""
    if isinstance(actual, (bytes, bytearray)):
        return isinstance(expected, str) and size_of(expected) == len(actual)
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(
            agrees(actual.get(name, ABSENT), value) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(actual, (list, tuple))
            and len(actual) == len(expected)
            and all(map(agrees, actual, expected))
        )
    return actual == expected and type(actual) is type(expected)


def size_of(text: str, bytes_per_ms: int = BYTES_PER_MS) -> int | None:
    """Return how many bytes `400ms` or `3200bytes` are; None for other text."""
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    return int(match[1]) * (bytes_per_ms if match[2] == "ms" else 1)


def write_value(value: object) -> str:
    """Write a value so that reading gives it back."""
    if isinstance(value, (bytes, bytearray)):
        ms, rest = divmod(len(value), BYTES_PER_MS)
        return f"{len(value)}bytes" if rest else f"{ms}ms"
    written = json.dumps(value, ensure_ascii=False, default=write_value)
    if isinstance(value, str) and re.fullmatch(r"[\w./:-]+", value) and read_value(value) == value:
        return value
    return written


def read_value(text: str) -> object:
    """Read a whole value."""
    return _value(text, 0)[0]


def _tokens(text: str) -> Iterator[tuple[str | None, object]]:
    at = 0
    while True:
        at += len(text[at:]) - len(text[at:].lstrip())
        if at >= len(text) or text[at] == "#":
            return
        key = _KEY.match(text, at)
        value, at = _value(text, at if key is None else key.end())
        yield (None if key is None else key[1]), value


def _value(text: str, at: int) -> tuple[object, int]:
    try:
        value, end = _DECODER.raw_decode(text, at)
    except json.JSONDecodeError:
        value, end = None, at
    if end > at and (end == len(text) or text[end].isspace()):
        return value, end
    if text[at] in '{["':
        raise ValueError(f"broken JSON: {text[at:]}")
    word = text[at:].split(maxsplit=1)[0]
    return word, at + len(word)
