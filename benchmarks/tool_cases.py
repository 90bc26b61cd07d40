"""What a case of the `tools` benchmark is, and when a call is the one that was wanted."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vivavoce.interfaces import (
    PromptItem,
    PromptMessage,
    PromptToolCall,
    PromptToolOutput,
    Tool,
)

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class OneOf:
    """Any of these values is right."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Words:
    """A free text that is right when it holds all of these."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """A call that is to be made."""

    name: str
    arguments: Arguments = field(default_factory=dict)
    allowed: Arguments = field(default_factory=dict)
    """Arguments that may be left out, and what they may say."""


@dataclass(frozen=True)
class Case:
    """A conversation that ends with the user's words or a result, and the calls to follow."""

    items: tuple[PromptItem, ...]
    calls: tuple[Wanted, ...] = ()
    """Empty: the answer is to be words."""

    @property
    def said(self) -> str:
        """The user's last words."""
        texts = [item.text for item in self.items if isinstance(item, PromptMessage)]
        roles = [item.role for item in self.items if isinstance(item, PromptMessage)]
        return texts[len(roles) - 1 - roles[::-1].index("user")]


@dataclass(frozen=True)
class CaseSet:
    """Cases that share instructions and tools."""

    name: str
    instructions: str
    tools: tuple[Tool, ...]
    cases: tuple[Case, ...]


def case(*turns: str | PromptToolCall | PromptToolOutput, calls: Sequence[Wanted] = ()) -> Case:
    """Return a case; texts are the user's and the assistant's in turn, the user's first."""
    items: list[PromptItem] = []
    n_texts = 0
    for turn in turns:
        if isinstance(turn, str):
            items.append(PromptMessage("assistant" if n_texts % 2 else "user", turn))
            n_texts += 1
        else:
            items.append(turn)
    return Case(tuple(items), tuple(calls))


def one_of(*values: Any) -> OneOf:
    """Accept any of these."""
    return OneOf(values)


def words(*needed: str) -> Words:
    """Accept a text that holds all of these."""
    return Words(needed)


def function(
    name: str, description: str, required: Arguments, optional: Arguments | None = None
) -> Tool:
    """Return a tool from the schemas of its arguments."""
    return Tool(name, description, object_of(required, optional))


def object_of(required: Arguments, optional: Arguments | None = None) -> dict[str, Any]:
    """Return the schema of an object without further properties."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def text(description: str) -> dict[str, Any]:
    """Return the schema of a free text."""
    return {"type": "string", "description": description}


def choice(*values: str, description: str = "") -> dict[str, Any]:
    """Return the schema of one of these texts."""
    said = {"description": description} if description else {}
    return {"type": "string", "enum": list(values), **said}


def fits(wanted: Any, found: Any) -> bool:
    """Say whether a value is the wanted one, up to case, articles, signs and order of lists."""
    match wanted:
        case OneOf(values):
            return any(fits(value, found) for value in values)
        case Words(needed):
            return isinstance(found, str) and all(word in found.lower() for word in needed)
        case Mapping():
            return _is_object(found) and dict(checked(wanted, {}, found)) == dict.fromkeys(
                wanted, True
            )
        case list() | tuple():
            return isinstance(found, list) and _same_items(list(wanted), found)
        case bool():
            return found is wanted
        case int() | float():
            return (
                isinstance(found, int | float) and not isinstance(found, bool) and wanted == found
            )
        case _:
            return isinstance(found, str) and _plain(str(wanted)) == _plain(found)


def checked(wanted: Arguments, allowed: Arguments, found: Arguments) -> Iterator[tuple[str, bool]]:
    """Yield each argument and whether it is right: those wanted, and those made up."""
    for name, value in wanted.items():
        yield name, name in found and fits(value, found[name])
    for name, value in found.items():
        if name not in wanted and not (name in allowed and fits(allowed[name], value)):
            yield name, False


def _is_object(found: Any) -> bool:
    return isinstance(found, Mapping)


def _same_items(wanted: list[Any], found: list[Any]) -> bool:
    left = list(found)
    for value in wanted:
        match_ = next((item for item in left if fits(value, item)), None)
        if match_ is None:
            return False
        left.remove(match_)
    return not left


def _plain(value: str) -> str:
    letters = re.sub(r"[^\w\s:.@-]", "", value.lower()).strip(" .")
    return re.sub(r"\b(the|a|an|my)\s+", "", letters).strip()
