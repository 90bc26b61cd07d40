"""Draws texts that a grammar (GBNF) admits: as much of the notation as ours use."""

import re
from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st

_TOKEN = re.compile(
    r'\s*(?P<token>"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|\{\d+,?\d*\}|[()|?*+]|[A-Za-z][\w-]*)'
)
_ANY_CHARS = "abz AZ09.,:;{}[]é日😀'/-_"
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
MANY = 3

Draw = Callable[[st.SearchStrategy[int]], int]
Writer = Callable[[Draw], str]


class _Parsed(NamedTuple):
    writer: Writer
    at: int


class Gbnf:
    """A grammar that texts can be drawn from."""

    def __init__(self, text: str) -> None:
        self._rules: dict[str, Writer] = {}
        for line in text.splitlines():
            name, _, expression = line.partition(" ::= ")
            assert name not in self._rules, name
            tokens = _tokens(expression)
            parsed = self._either(tokens, 0)
            assert parsed.at == len(tokens), expression
            self._rules[name] = parsed.writer

    def write(self, draw: Draw, rule: str = "root") -> str:
        return self._rules[rule](draw)

    def _either(self, tokens: list[str], at: int) -> _Parsed:
        parsed = self._sequence(tokens, at)
        writers = [parsed.writer]
        while parsed.at < len(tokens) and tokens[parsed.at] == "|":
            parsed = self._sequence(tokens, parsed.at + 1)
            writers.append(parsed.writer)
        indexes = st.integers(0, len(writers) - 1)
        return _Parsed(lambda draw: writers[draw(indexes)](draw), parsed.at)

    def _sequence(self, tokens: list[str], at: int) -> _Parsed:
        writers = []
        while at < len(tokens) and tokens[at] not in "|)":
            parsed = self._repeated(tokens, at)
            writers.append(parsed.writer)
            at = parsed.at
        return _Parsed(lambda draw: "".join(writer(draw) for writer in writers), at)

    def _repeated(self, tokens: list[str], at: int) -> _Parsed:
        writer, at = self._one(tokens, at)
        if at < len(tokens) and (bounds := _bounds(tokens[at])) is not None:
            times = st.integers(*bounds)
            return _Parsed(lambda draw: "".join(writer(draw) for _ in range(draw(times))), at + 1)
        return _Parsed(writer, at)

    def _one(self, tokens: list[str], at: int) -> _Parsed:
        token = tokens[at]
        if token == "(":
            parsed = self._either(tokens, at + 1)
            assert tokens[parsed.at] == ")"
            return _Parsed(parsed.writer, parsed.at + 1)
        if token[0] == '"':
            text = _unescape(token[1:-1])
            return _Parsed(lambda _: text, at + 1)
        if token[0] == "[":
            chars = _chars(token[1:-1])
            indexes = st.integers(0, len(chars) - 1)
            return _Parsed(lambda draw: chars[draw(indexes)], at + 1)
        return _Parsed(lambda draw: self._rules[token](draw), at + 1)


def _tokens(expression: str) -> list[str]:
    tokens, at = [], 0
    while at < len(expression.rstrip()):
        match = _TOKEN.match(expression, at)
        assert match is not None, expression[at:]
        tokens.append(match["token"])
        at = match.end()
    return tokens


def _bounds(token: str) -> tuple[int, int] | None:
    match token[0]:
        case "?":
            return 0, 1
        case "*":
            return 0, MANY
        case "+":
            return 1, MANY
        case "{":
            least, comma, most = token[1:-1].partition(",")
            return int(least), int(most or int(least) + (MANY if comma else 0))
        case _:
            return None


def _unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        escape = match[1]
        return chr(int(escape[1:], 16)) if escape[0] == "x" else _ESCAPES.get(escape, escape)

    return re.sub(r"\\(x[0-9A-F]{2}|.)", one, text)


def _chars(inside: str) -> list[str]:
    excluded = inside.startswith("^")
    # As a class of Python's, which is written alike.
    pattern = re.compile(f"[{inside}]")
    candidates = _ANY_CHARS if excluded else map(chr, range(32, 127))
    return [char for char in candidates if pattern.fullmatch(char)]
