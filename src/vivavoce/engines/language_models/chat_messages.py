"""A prompt in the words of `/v1/chat/completions`."""

from collections.abc import Mapping

from vivavoce.interfaces import (
    Prompt,
    PromptMessage,
    PromptToolCall,
    PromptToolOutput,
    Tool,
)

SPOKEN = (
    "Your answer is read aloud: use plain words as they are spoken, without Markdown, lists, "
    "emoji or web addresses."
)

Json = dict[str, object]


def chat_messages(prompt: Prompt) -> list[Json]:
    """Return the messages: instructions first, calls made together in one message."""
    messages: list[Json] = []
    system = "\n\n".join(
        text for text in (prompt.instructions, SPOKEN if prompt.spoken else "") if text
    )
    if system:
        messages.append({"role": "system", "content": system})
    calls: list[Json] = []
    for item in prompt.items:
        if not isinstance(item, PromptToolCall):
            calls = []
            messages.append(_message(item))
            continue
        if not calls:
            messages.append({"role": "assistant", "content": None, "tool_calls": calls})
        function = {"name": item.name, "arguments": item.arguments}
        calls.append({"id": item.call_id, "type": "function", "function": function})
    return messages


def chat_tools(tools: tuple[Tool, ...]) -> list[Json]:
    """Return the tools; one without parameters gets an empty object, which all servers take."""
    return [{"type": "function", "function": _function(tool)} for tool in tools]


def chat_tool_choice(choice: str) -> str | Json:
    """Return `tool_choice` as this interface writes it."""
    kind, _, name = choice.partition(":")
    return {"type": "function", "function": {"name": name}} if name else kind


def _message(item: PromptMessage | PromptToolOutput) -> Json:
    match item:
        case PromptMessage(role=role, text=text):
            return {"role": role, "content": text}
        case PromptToolOutput(call_id=call_id, output=output):
            return {"role": "tool", "tool_call_id": call_id, "content": output}


def _function(tool: Tool) -> Mapping[str, object]:
    parameters = tool.parameters or {"type": "object", "properties": {}}
    return {"name": tool.name, "description": tool.description, "parameters": parameters}
