"""What the model reads: ChatML, rendered here so that it only ever grows at its end.

A call is written as the model itself writes it, so that its next turn finds every token of this
one in the cache.
"""

import json
import re
from collections.abc import Sequence
from functools import cache

from msgspec import Struct

from vivavoce.engines.language_models.llama_cpp.garden import GARDEN_TALK, GARDEN_TOOLS
from vivavoce.engines.language_models.llama_cpp.signatures import signature
from vivavoce.interfaces import (
    Prompt,
    PromptItem,
    PromptMessage,
    PromptToolCall,
    PromptToolOutput,
    Tool,
)

HEADER = "<|im_start|>assistant\n"
"""What asks for an answer."""

CALL_SEPARATOR = "\n"
"""Between two calls of one answer."""

SPOKEN_RULE = (
    "Your answer is read aloud. Use plain spoken words and whole sentences: no Markdown, no lists, "
    "no headings, no code, no emoji, no links. Begin with a short phrase and be brief."
)

TOOLS_RULE = """You are a voice assistant that can call functions.

To call a function, answer with nothing but a JSON object: {"name": <function-name>, \
"arguments": <args-json-object>}. When several calls are needed, write each on a line of its own. \
Give an argument marked with ? if, and only if, the user spoke of it. Whenever a function can do \
or find out what the user wants, call it: never guess and never refuse. For small talk, general \
knowledge and what was said before answer in words. After a function's result has come, tell it \
to the user in words."""

NO_OUTPUT = "(done, without a result)"

NO_CALL_NOTE = "Answer in words now; do not call a function."

N_TOLD = 12
"""Functions that are named once more; more would cost time and help no more."""

_MARKUP = re.compile(r"<\|(\w+)\|>")


class RenderedPrompt(Struct, frozen=True):
    """A prompt as text, in three parts that are cut where no token reaches across."""

    head: str
    """Instructions, tools, examples: the same for every turn, and for sessions set up alike."""
    body: str
    """The items; only grows at its end."""
    tail: str
    """What asks for the answer; the answer follows."""

    @property
    def text(self) -> str:
        """The whole of it."""
        return self.head + self.body + self.tail


def render(prompt: Prompt) -> RenderedPrompt:
    """Return the prompt as the model reads it.

    For the same instructions, tools and way of speaking, `head + body` of a turn is a prefix of
    that of every later turn, as long as no call is put right behind another call.
    """
    note = prompt.tools and prompt.tool_choice == "none"
    tail = (_turn("system", NO_CALL_NOTE) if note else "") + HEADER
    return RenderedPrompt(_head(prompt), _items(prompt.items), tail)


@cache
def shared_head() -> str:
    """Return what every session with tools begins with; so it is read once for all of them."""
    return _turn("system", f"{TOOLS_RULE}\n\n{_functions(GARDEN_TOOLS)}") + _items(GARDEN_TALK)


def call_text(name: str, arguments: str) -> str:
    """Return a call in the words the model writes (the grammar knows no others)."""
    return f"{call_opening(name)}{arguments}}}"


def call_opening(name: str) -> str:
    """Return what comes before the arguments of a call."""
    return f'{{"name": {json.dumps(name, ensure_ascii=False)}, "arguments": '


def _head(prompt: Prompt) -> str:
    rules = [_plain(prompt.instructions)] if prompt.instructions.strip() else []
    if prompt.spoken:
        rules.append(SPOKEN_RULE)
    if prompt.tools:
        rules.append(_functions(prompt.tools))
    head = _turn("system", "\n\n".join(rules)) if rules else ""
    return shared_head() + head + _told(prompt.tools) if prompt.tools else head


def _told(tools: Sequence[Tool]) -> str:
    """Let the model itself name the functions: then it tells talk and tasks apart far better."""
    names = ", ".join(_plain(tool.name) for tool in tools[:N_TOLD])
    return _turn("user", "What can you do?") + _turn(
        "assistant", f"I can talk with you, and I can call {names}."
    )


def _functions(tools: Sequence[Tool]) -> str:
    return "Your functions:\n" + "\n".join(_plain(signature(tool)) for tool in tools)


def _items(items: Sequence[PromptItem]) -> str:
    parts: list[str] = []
    for index, item in enumerate(items):
        match item:
            case PromptMessage(role, text):
                parts.append(_turn(role, _plain(text)))
            case PromptToolCall(name=name, arguments=arguments):
                follows = index > 0 and isinstance(items[index - 1], PromptToolCall)
                parts.append(_call(call_text(name, _plain(arguments)), follows, parts))
            case PromptToolOutput(output=output):
                answer = f"<tool_response>\n{_plain(output) or NO_OUTPUT}\n</tool_response>"
                parts.append(_turn("user", answer))
    return "".join(parts)


def _call(text: str, follows_call: bool, parts: list[str]) -> str:
    """Render a call; one that follows another belongs into the same turn, as it was written."""
    if not follows_call:
        return _turn("assistant", text)
    before = parts.pop().removesuffix(_END)
    return before + CALL_SEPARATOR + text + _END


_END = "<|im_end|>\n"


def _turn(role: str, text: str) -> str:
    return f"<|im_start|>{role}\n{text}{_END}"


def _plain(text: str) -> str:
    """Take the meaning from markup inside: nobody but us ends a turn or begins one."""
    return _MARKUP.sub(r"<| \1 |>", text).strip()
