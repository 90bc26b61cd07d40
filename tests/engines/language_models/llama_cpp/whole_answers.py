"""The smaller bundled model, what it is asked, and its whole answers."""

from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

from msgspec import Struct

from tests.bundled_models import model_dir
from vivavoce.interfaces import (
    Finished,
    LanguageModel,
    ModelEvent,
    Prompt,
    PromptItem,
    PromptMessage,
    PromptRead,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)

INSTRUCTIONS = "You are a friendly assistant. Answer briefly and to the point."
LIGHT = Tool(
    "set_light",
    "Turn a light on or off.",
    {
        "type": "object",
        "properties": {"room": {"type": "string"}, "on": {"type": "boolean"}},
        "required": ["room", "on"],
    },
)
TIMER = Tool(
    "set_timer",
    "Set a timer.",
    {
        "type": "object",
        "properties": {"minutes": {"type": "integer", "minimum": 1, "maximum": 600}},
        "required": ["minutes"],
    },
)
TOOLS = (LIGHT, TIMER)
WINDOW_TOKENS = 1024
LONG_TEXT = "The quick brown fox jumps over the lazy dog by the river. " * 20  # some 260 tokens


def model_path() -> str:
    (path,) = model_dir("qwen2.5-coder-0.5b-instruct").glob("*.gguf")
    return str(path)


def prompt_of(session_id: str, *items: PromptItem | str, **others: Any) -> Prompt:
    return Prompt(
        session_id=session_id,
        instructions=others.pop("instructions", INSTRUCTIONS),
        items=tuple(PromptMessage("user", it) if isinstance(it, str) else it for it in items),
        **others,
    )


class Whole(Struct):
    """A whole answer."""

    text: str
    calls: list[tuple[str, str]]
    end: Finished
    n_tokens: int


async def answer(model: LanguageModel, prompt: Prompt) -> Whole:
    async with aclosing(model.generate(prompt)) as events:
        return whole([event async for event in events])


def whole(events: Sequence[ModelEvent | PromptRead]) -> Whole:
    text, calls, n_tokens = "", [], 0
    name, arguments = "", ""
    for event in events[:-1]:
        match event:
            case TextDelta():
                text += event.text
                n_tokens += event.n_tokens
            case ToolCallStarted():
                name, arguments = event.name, ""
            case ToolCallDelta():
                arguments += event.arguments
                n_tokens += event.n_tokens
            case ToolCallFinished():
                calls.append((name, arguments))
            case Finished() | PromptRead():
                pass
    (end,) = [event for event in events if isinstance(event, Finished)]
    assert events[-1] is end
    return Whole(text, calls, end, n_tokens)
