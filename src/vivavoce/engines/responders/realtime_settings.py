"""What the upstream session is told of ours: settings of the operator, and of each answer."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from vivavoce.interfaces import Prompt, ResponseRequest, Tool
from vivavoce.media.pcm import RATE_HZ

Json = dict[str, object]

PCM: Json = {"type": "audio/pcm", "rate": RATE_HZ}
INPUT: Json = {"format": PCM, "turn_detection": None}
"""When a turn ends is for our session to say."""


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings beside those of every engine elsewhere."""

    voices: tuple[str, ...] | Mapping[str, str] = ()
    """Names that clients may ask for; a table says what the service calls each. Empty: any name
    is passed on."""
    window_tokens: Annotated[int, Meta(ge=256)] | None = None
    """Size of the model's context window, if you know it."""
    reasoning_efforts: tuple[Literal["minimal", "low", "medium", "high", "xhigh"], ...] = ()
    """What the model knows of `reasoning.effort`, least first; empty: it does not reason."""
    temperature: bool = False
    """Whether the service knows `temperature`, which Beta clients set; the vendor's does not."""
    vision: bool = False
    """Whether the model sees: pictures go to it as they are, else as the words found in them."""


class UpstreamSettings:
    """Writes the settings of prompts and requests in the words of the GA interface."""

    def __init__(self, options: Options, extra: Mapping[str, object]) -> None:
        """Prepare.

        Args:
            options: the operator's.
            extra: fields of the upstream session, over our own.
        """
        self._options = options
        self._extra = extra
        self._names = dict(options.voices) if isinstance(options.voices, Mapping) else {}

    def of_conversation(self, prompt: Prompt, is_told: bool) -> Json:
        """Return the fields of the session that are known before an answer.

        Args:
            prompt: the conversation's.
            is_told: whether the session was told of its sound before; voice and speed are known
                with an answer only, and stay.
        """
        sound = {} if is_told else {"audio": {"input": INPUT}}
        return {**self._shared(prompt), **sound, **self._extra}

    def of_answer(self, request: ResponseRequest) -> Json:
        """Return all fields of the session for an answer in the conversation."""
        sound = {"format": PCM, "voice": self._voice(request), "speed": request.speed}
        return {
            **self._shared(request.prompt),
            "output_modalities": [request.modality],
            "max_output_tokens": request.prompt.max_output_tokens or "inf",
            "audio": {"input": INPUT, "output": sound},
            **self._extra,
        }

    def of_answer_aside(self, request: ResponseRequest) -> Json:
        """Return the fields of a response out of band; the speed is the session's."""
        return {
            "conversation": "none",
            **self._shared(request.prompt),
            **self.of_response(request.prompt),
            "output_modalities": [request.modality],
            "max_output_tokens": request.prompt.max_output_tokens or "inf",
            "audio": {"output": {"format": PCM, "voice": self._voice(request)}},
        }

    def of_response(self, prompt: Prompt) -> Json:
        """Return what a response is told because a session could not be told to forget it."""
        fields: Json = {}
        if not prompt.parallel_tool_calls:
            fields["parallel_tool_calls"] = False
        if prompt.reasoning_effort is not None:
            fields["reasoning"] = {"effort": prompt.reasoning_effort}
        if prompt.temperature is not None and self._options.temperature:
            fields["temperature"] = prompt.temperature
        return fields

    def _shared(self, prompt: Prompt) -> Json:
        return {
            "instructions": prompt.instructions,
            "tools": [_tool(tool) for tool in prompt.tools],
            "tool_choice": _tool_choice(prompt.tool_choice),
        }

    def _voice(self, request: ResponseRequest) -> str:
        return self._names.get(request.voice, request.voice)


def _tool(tool: Tool) -> Json:
    parameters = tool.parameters or {"type": "object", "properties": {}}
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": parameters,
    }


def _tool_choice(choice: str) -> str | Json:
    kind, _, name = choice.partition(":")
    return {"type": "function", "name": name} if name else kind
