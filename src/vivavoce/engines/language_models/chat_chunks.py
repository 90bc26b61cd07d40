"""The stream of `/v1/chat/completions`: its chunks, and what a language model makes of them."""

from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import Struct

from vivavoce.engines.http_client import HttpClient, error_text
from vivavoce.interfaces import (
    Finished,
    ModelEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)


class Function(Struct, frozen=True):
    """A piece of the name or the arguments of a call."""

    name: str | None = None
    arguments: str | None = None


class ToolCall(Struct, frozen=True):
    """A piece of a call."""

    index: int = 0
    id: str | None = None
    function: Function | None = None


class Audio(Struct, frozen=True):
    """A piece of speech."""

    data: str | None = None
    """Base64."""
    transcript: str | None = None


class Delta(Struct, frozen=True):
    """What a chunk adds to the answer."""

    content: str | None = None
    audio: Audio | None = None
    tool_calls: tuple[ToolCall, ...] | None = None


class Choice(Struct, frozen=True):
    """The answer, as far as this chunk goes."""

    delta: Delta | None = None
    finish_reason: str | None = None


class PromptDetails(Struct, frozen=True):
    """How the prompt was counted."""

    cached_tokens: int | None = None


class Usage(Struct, frozen=True):
    """What the answer cost."""

    prompt_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None


class Chunk(Struct, frozen=True):
    """One event of the stream."""

    choices: tuple[Choice, ...] | None = None
    usage: Usage | None = None
    error: object = None
    modality: str | None = None
    """`audio` where `content` is base64 sound: vLLM-Omni's own."""


class AnswerReader:
    """Turns chunks into model events, one call after the other."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._call: tuple[int, str | None] | None = None
        """Index and id of the call under way."""
        self._arguments = ""
        self._finish_reason: str | None = None
        self._usage = Usage()

    def read(self, chunk: Chunk) -> Iterator[ModelEvent]:
        """Yield what a chunk brings, but for sound.

        Raises:
            EngineError: the server gave up, or made a call that is none.
        """
        if chunk.error:
            raise self._client.error(f"gave up: {error_text(chunk.error)}.")
        self._usage = chunk.usage or self._usage
        for choice in chunk.choices or ():
            delta = choice.delta or Delta()
            if delta.content and chunk.modality != "audio":
                yield TextDelta(delta.content)
            for piece in delta.tool_calls or ():
                yield from self._read_call(piece)
            self._finish_reason = choice.finish_reason or self._finish_reason

    def end(self, *, is_done: bool) -> Iterator[ModelEvent]:
        """Yield what is due at the end of the stream; `is_done` if the server said that it is.

        Raises:
            EngineError: it ended in the middle.
        """
        reason = self._finish_reason or ("stop" if is_done else None)
        if reason is None:
            raise self._client.error("stopped in the middle of an answer.")
        if reason != "length" or self._is_whole:
            yield from self._finish_call()
        details = self._usage.prompt_tokens_details or PromptDetails()
        yield Finished(_reason(reason), self._usage.prompt_tokens, details.cached_tokens)

    def _read_call(self, piece: ToolCall) -> Iterator[ModelEvent]:
        function = piece.function or Function()
        if self._begins_call(piece):
            yield from self._finish_call()
            if not function.name:
                raise self._client.error("made a call without a name.")
            self._call = (piece.index, piece.id)
            yield ToolCallStarted(function.name)
        if function.arguments:
            self._arguments += function.arguments
            yield ToolCallDelta(function.arguments)

    def _begins_call(self, piece: ToolCall) -> bool:
        """Some servers number all calls 0 and tell them apart by their ids alone."""
        if self._call is None:
            return True
        index, call_id = self._call
        return piece.index != index or (bool(piece.id) and piece.id != call_id)

    def _finish_call(self) -> Iterator[ModelEvent]:
        if self._call is None:
            return
        if not self._arguments:
            self._arguments = "{}"
            yield ToolCallDelta(self._arguments)
        if not self._is_whole:
            raise self._client.error("made a call whose arguments are not JSON.")
        self._call = None
        self._arguments = ""
        yield ToolCallFinished()

    @property
    def _is_whole(self) -> bool:
        try:
            msgspec.json.decode(self._arguments)
        except msgspec.DecodeError:
            return False
        return True


def _reason(finish_reason: str) -> Literal["stop", "max_output_tokens", "content_filter"]:
    match finish_reason:
        case "length":
            return "max_output_tokens"
        case "content_filter":
            return "content_filter"
        case _:
            return "stop"
