"""Reads the model's text as it comes: words, or calls as the grammar lets them be written."""

import json
import re

from vivavoce.engines.language_models.llama_cpp.prompt import CALL_SEPARATOR
from vivavoce.errors import EngineError
from vivavoce.interfaces import (
    ModelEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)

_OPENING = re.compile(r'\{"name": (?P<name>"(?:[^"\\]|\\.)*"), "arguments": ')
_OPENING_CHARS = 300  # names have at most 64 characters


class AnswerReader:
    """Turns the text of one answer into events; the first character tells calls from words.

    A call that was made before in the same answer is not told: a small model that has lost its
    way would go on making it. The end of the last call is told with the end of the answer, as some
    clients ask for the next answer at once, while this one would still be under way.
    """

    def __init__(self, *, may_call: bool) -> None:
        self._repeats = _Repeats()
        self._call_end: list[ModelEvent] = []
        self._may_call = may_call
        self._is_call: bool | None = None if may_call else False
        self._unread = ""
        self._n_tokens = 0
        self._arguments: _JsonEnd | None = None

    @property
    def is_repeating(self) -> bool:
        """Whether a call was made before; nothing new is to be expected."""
        return self._repeats.found

    def push(self, text: str, n_tokens: int) -> list[ModelEvent]:
        """Take the next piece of text, made of that many tokens.

        Raises:
            EngineError: the model wrote something that is neither.
        """
        self._n_tokens += n_tokens
        if self._is_call is None and text:
            self._is_call = text.startswith("{")
        if not self._is_call:
            return [TextDelta(text, self._taken())] if text else []
        self._unread += text
        events: list[ModelEvent] = []
        while self._unread and (found := self._read_call()):
            events += found
        return self._but_its_end([told for event in events for told in self._repeats.tell(event)])

    def end(self) -> list[ModelEvent]:
        """Return what is to be told at the end of the answer."""
        return self._call_end

    def _but_its_end(self, events: list[ModelEvent]) -> list[ModelEvent]:
        if not events:
            return []
        events = [*self._call_end, *events]
        is_end = isinstance(events[-1], ToolCallFinished)
        self._call_end = [events.pop()] if is_end else []
        return events

    def _read_call(self) -> list[ModelEvent]:
        if self._arguments is None:
            return self._read_opening()
        return self._read_arguments(self._arguments)

    def _read_opening(self) -> list[ModelEvent]:
        # What closes the call before and parts it from this one.
        rest = self._unread.removeprefix("}").removeprefix(CALL_SEPARATOR)
        opening = _OPENING.match(rest)
        if opening is None:
            if len(rest) > _OPENING_CHARS:
                raise EngineError("the model wrote a broken call", code="broken_tool_call")
            return []
        self._unread = rest[opening.end() :]
        self._arguments = _JsonEnd()
        return [ToolCallStarted(json.loads(opening["name"]))]

    def _read_arguments(self, arguments: "_JsonEnd") -> list[ModelEvent]:
        end = arguments.find(self._unread)
        piece, self._unread = (
            self._unread[:end],
            self._unread[len(self._unread) if end is None else end :],
        )
        events: list[ModelEvent] = [ToolCallDelta(piece, self._taken())]
        if end is not None:
            self._arguments = None
            events.append(ToolCallFinished())
        return events

    def _taken(self) -> int:
        n_tokens, self._n_tokens = self._n_tokens, 0
        return n_tokens


class _Repeats:
    """Holds a call back for as long as it may turn out to be an earlier one again."""

    def __init__(self) -> None:
        self.found = False
        self._made: list[tuple[str, str]] = []
        self._name, self._arguments = "", ""
        self._held: list[ModelEvent] = []

    def tell(self, event: ModelEvent) -> list[ModelEvent]:
        """Return what is to be told now."""
        if isinstance(event, ToolCallStarted):
            self._name, self._arguments = event.name, ""
        elif isinstance(event, ToolCallDelta):
            self._arguments += event.arguments
        self._held.append(event)
        if isinstance(event, ToolCallFinished):
            call = (self._name, self._arguments)
            self.found = self.found or call in self._made
            self._made.append(call)
        elif self._may_be_made():
            return []
        told, self._held = self._held, []
        return [] if self.found else told

    def _may_be_made(self) -> bool:
        return any(
            name == self._name and arguments.startswith(self._arguments)
            for name, arguments in self._made
        )


class _JsonEnd:
    """Finds where a JSON object ends, as its text comes piece by piece."""

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def find(self, text: str) -> int | None:
        """Return the index behind the end, or None when it is not in this piece."""
        for index, char in enumerate(text):
            if self._escaped:
                self._escaped = False
            elif self._in_string:
                self._escaped = char == "\\"
                self._in_string = char != '"'
            elif char == '"':
                self._in_string = True
            elif char in "{[":
                self._depth += 1
            elif char in "}]":
                self._depth -= 1
                if self._depth == 0:
                    return index + 1
        return None
