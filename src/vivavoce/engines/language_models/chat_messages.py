"""A prompt in the words of `/v1/chat/completions`."""

import math
from collections.abc import Mapping

import pybase64

from vivavoce.interfaces import (
    Prompt,
    PromptMessage,
    PromptPicture,
    PromptToolCall,
    PromptToolOutput,
    Tool,
)
from vivavoce.media.pcm import Pcm
from vivavoce.media.wav import wav_bytes

SPOKEN = (
    "Your answer is read aloud: use plain words as they are spoken, without Markdown, lists, "
    "emoji or web addresses."
)

Json = dict[str, object]


def chat_body(prompt: Prompt, model: str, max_tokens_field: str) -> Json:
    """Return the body of a streamed request, but for its messages.

    Args:
        prompt: what is asked.
        model: as the server calls it.
        max_tokens_field: what the server calls the limit.
    """
    body: Json = {
        "model": model,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if prompt.tools:
        body["tools"] = chat_tools(prompt.tools)
        body["tool_choice"] = chat_tool_choice(prompt.tool_choice)
        if not prompt.parallel_tool_calls:
            body["parallel_tool_calls"] = False
    if prompt.reasoning_effort is not None:
        body["reasoning_effort"] = prompt.reasoning_effort
    if prompt.max_output_tokens is not None:
        body[max_tokens_field] = prompt.max_output_tokens
    if prompt.temperature is not None:
        body["temperature"] = prompt.temperature
    return body


def chat_messages(prompt: Prompt, sound_from: float = math.inf) -> list[Json]:
    """Return the messages: instructions first, calls made together in one message.

    Args:
        prompt: what is asked.
        sound_from: the place in its items from which on the user's sound is sent and not their
            words; what has no words is always sent as sound.
    """
    messages: list[Json] = []
    system = "\n\n".join(
        text for text in (prompt.instructions, SPOKEN if prompt.spoken else "") if text
    )
    if system:
        messages.append({"role": "system", "content": system})
    calls: list[Json] = []
    for place, item in enumerate(prompt.items):
        if not isinstance(item, PromptToolCall):
            calls = []
            messages.append(_message(item, with_sound=place >= sound_from))
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


def _message(item: PromptMessage | PromptToolOutput, *, with_sound: bool) -> Json:
    match item:
        case PromptMessage(role=role, text=text, audio=audio) if audio and (with_sound or not text):
            data = pybase64.b64encode(wav_bytes(Pcm(audio))).decode()
            part = {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}
            return {"role": role, "content": [part]}
        case PromptMessage(role=role, parts=parts) if parts:
            return {"role": role, "content": [_part(part) for part in parts]}
        case PromptMessage(role=role, text=text):
            return {"role": role, "content": text}
        case PromptToolOutput(call_id=call_id, output=output):
            return {"role": "tool", "tool_call_id": call_id, "content": output}


def _part(part: str | PromptPicture) -> Json:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image_url", "image_url": {"url": part.image_url, "detail": part.detail}}


def _function(tool: Tool) -> Mapping[str, object]:
    parameters = tool.parameters or {"type": "object", "properties": {}}
    return {"name": tool.name, "description": tool.description, "parameters": parameters}
