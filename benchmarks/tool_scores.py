"""Counts what a language model got right of the `tools` benchmark's cases."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.tool_cases import Case, Wanted, checked
from tests.engines.language_models.llama_cpp.fits import fits
from vivavoce.interfaces import Tool


@dataclass(frozen=True)
class Found:
    """What a model did with one case."""

    calls: Sequence[tuple[str, str]]
    """Names, and arguments as JSON text."""
    text: str = ""
    seconds: float = 0.0
    """To the end of the answer."""


@dataclass
class Count:
    """So many right of so many."""

    right: int = 0
    total: int = 0

    def add(self, *, is_right: bool) -> bool:
        """Count one more."""
        self.right += is_right
        self.total += 1
        return is_right

    def __str__(self) -> str:
        share = 100 * self.right / self.total if self.total else 100.0
        return f"{self.right}/{self.total} ({share:.0f} %)"


@dataclass
class Score:
    """The counts of a set of cases."""

    cases: Count = field(default_factory=Count)
    """Those that want calls: exactly these tools, with exactly these arguments."""
    tools: Count = field(default_factory=Count)
    """Those that want calls: exactly these tools, whatever the arguments."""
    arguments: Count = field(default_factory=Count)
    """Arguments of calls that were wanted and made, and arguments made up."""
    by_argument: dict[str, Count] = field(default_factory=dict)
    words: Count = field(default_factory=Count)
    """Cases that want words and no call."""
    valid: Count = field(default_factory=Count)
    """Calls whose arguments fit their schema."""
    wrong: list[str] = field(default_factory=list)
    """What was said, and what the model made of it."""

    def add(self, case: Case, tools: Sequence[Tool], found: Found) -> None:
        """Count one case."""
        calls = [(name, _parsed(arguments)) for name, arguments in found.calls]
        for name, arguments in calls:
            self.valid.add(is_right=_is_valid(tools, name, arguments))
        if not case.calls:
            is_right = self.words.add(is_right=not calls)
        else:
            is_right = self._add_calls(case.calls, calls)
        if not is_right:
            done = "; ".join(f"{name} {text}" for name, text in found.calls) or found.text
            self.wrong.append(f"{case.said} -> {done}")

    def figures(self) -> dict[str, object]:
        """Return the counts as they are stored."""
        return {
            "tool_and_arguments": str(self.cases),
            "tool": str(self.tools),
            "arguments": str(self.arguments),
            "must_not_call": str(self.words),
            "all_cases": str(
                Count(self.cases.right + self.words.right, self.cases.total + self.words.total)
            ),
            "valid_against_schema": str(self.valid),
            "by_argument": {name: str(count) for name, count in sorted(self.by_argument.items())},
            "wrong": self.wrong,
        }

    def _add_calls(self, wanted: Sequence[Wanted], calls: list[tuple[str, Any]]) -> bool:
        names = sorted(name for name, _ in calls)
        is_right = self.tools.add(is_right=names == sorted(call.name for call in wanted))
        left = list(calls)
        for call in wanted:
            made = _best(call, left)
            if made is not None:
                left.remove(made)
                is_right &= self._add_arguments(call, made[1])
        return self.cases.add(is_right=is_right)

    def _add_arguments(self, wanted: Wanted, found: Any) -> bool:
        arguments = found if isinstance(found, Mapping) else {}
        verdicts = list(checked(wanted.arguments, wanted.allowed, arguments))
        for name, is_right in verdicts:
            self.arguments.add(is_right=is_right)
            count = self.by_argument.setdefault(f"{wanted.name}.{name}", Count())
            count.add(is_right=is_right)
        return all(is_right for _, is_right in verdicts)


def _best(wanted: Wanted, calls: Sequence[tuple[str, Any]]) -> tuple[str, Any] | None:
    """Return the call of the wanted function that has most arguments right."""
    same = [call for call in calls if call[0] == wanted.name]

    def n_right(call: tuple[str, Any]) -> int:
        found = call[1] if isinstance(call[1], Mapping) else {}
        return sum(
            1 if right else -1 for _, right in checked(wanted.arguments, wanted.allowed, found)
        )

    return max(same, key=n_right, default=None)


def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return None


def _is_valid(tools: Sequence[Tool], name: str, arguments: Any) -> bool:
    tool = next((tool for tool in tools if tool.name == name), None)
    if tool is None:
        return False
    return fits(arguments, dict(tool.parameters or {}))
