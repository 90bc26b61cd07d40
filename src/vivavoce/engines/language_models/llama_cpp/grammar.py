"""The grammar (GBNF) of one answer: words, or calls of the tools that are allowed.

The first character tells which: only a call begins with `{`.
"""

from collections.abc import Sequence

from vivavoce.engines.language_models.llama_cpp.prompt import CALL_SEPARATOR, call_opening
from vivavoce.engines.language_models.llama_cpp.schema_grammar import SchemaGrammar, literal
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Prompt, PromptToolCall, Tool

MAX_CALLS = 8
"""In one answer; a small model that has lost its way would go on for ever."""

HELD_BACK = 4.0
"""Log-odds. The 1.5B model is at -7 or below there by itself, the 0.5B one at -2 to 2."""

# Nothing that a listener could not be told: no code, no Markdown, and no call after a few words.
_SPOKEN_TEXT = r"[^{}`*#\x00-\x20] [^{}`*#]*"
_WRITTEN_TEXT = r"[^{\x00-\x20] [^\x00]*"


def answer_grammar(prompt: Prompt) -> str | None:
    """Return the grammar of the answer to a prompt; None when anything goes.

    Raises:
        ProtocolError: a schema can't be honoured, or the named function does not exist.
    """
    if not may_call(prompt):
        return None
    rules = SchemaGrammar()
    calls = [_call(rules, tool) for tool in _allowed(prompt)]
    separator = literal(CALL_SEPARATOR).replace("\n", "\\n")
    more_calls = MAX_CALLS - 1 if prompt.parallel_tool_calls else 0
    lines = [
        f"root ::= {'text | ' if prompt.tool_choice == 'auto' else ''}calls",
        f"text ::= {_SPOKEN_TEXT if prompt.spoken else _WRITTEN_TEXT}",
        f"calls ::= call ({separator} call){{0,{more_calls}}}",
        f"call ::= {' | '.join(calls)}",
        rules.text,
    ]
    if prompt.tool_choice != "auto":
        del lines[1]
    return "\n".join(lines) + "\n"


def may_call(prompt: Prompt) -> bool:
    """Say whether the answer may be a call, and so is held to a grammar."""
    return bool(prompt.tools) and prompt.tool_choice != "none"


def call_bias(prompt: Prompt, usual: float) -> float:
    """Return what is added to the log-odds of a call; `usual` before the first of a spoken talk.

    It makes up for the rule to answer in words that can be spoken, which turns small models from
    calls; once one has made a call it knows how, and needs no push. Behind a result, one that came
    late too, it is held back: small models ask again for what they have just been told, above all
    when it is an error.
    """
    if not may_call(prompt) or prompt.tool_choice != "auto":
        return 0.0
    has_called = any(isinstance(item, PromptToolCall) for item in prompt.items)
    bias = usual if prompt.spoken and not has_called else min(usual, 0.0)
    is_asked = not prompt.items or getattr(prompt.items[-1], "role", None) == "user"
    return bias if is_asked else min(bias, 0.0) - HELD_BACK


def check_schema(tool: Tool) -> None:
    """Accept the schema of the tool's arguments, or refuse it.

    Raises:
        ProtocolError: names the keyword; `param` is relative to the tool.
    """
    SchemaGrammar().add_arguments(tool.parameters)


def _allowed(prompt: Prompt) -> Sequence[Tool]:
    kind, _, name = prompt.tool_choice.partition(":")
    if kind != "function":
        return prompt.tools
    named = [tool for tool in prompt.tools if tool.name == name]
    if not named:
        raise ProtocolError(f"There is no function named '{name}'.", param="tool_choice")
    return named


def _call(rules: SchemaGrammar, tool: Tool) -> str:
    arguments = rules.add_arguments(tool.parameters)
    return rules.rule(f'{literal(call_opening(tool.name))} {arguments} "}}"')
