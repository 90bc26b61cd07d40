"""A language model behind any server with the address `/v1/chat/completions`."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from vivavoce.engines.http_client import (
    HttpClient,
    decoded,
    error_text,
    event_data,
    open_client,
    parse_endpoint,
    read_to_end,
)
from vivavoce.engines.language_models.chat_messages import (
    chat_messages,
    chat_tool_choice,
    chat_tools,
)
from vivavoce.interfaces import (
    FRAME_MS,
    Finished,
    LanguageModel,
    ModelEvent,
    Prompt,
    Stream,
    TextDelta,
    Tool,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)

CHARACTERS_PER_TOKEN = 4
"""For European languages; the server alone knows better, and has no address to ask it."""


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings beside those of every HTTP engine."""

    window_tokens: Annotated[int, Meta(ge=256)] | None = None
    """Size of the model's context window, if you know it."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the server calls the limit; hosted reasoning models know the second name only."""
    reasoning_efforts: tuple[Literal["minimal", "low", "medium", "high", "xhigh"], ...] = ()
    """What the model knows of `reasoning_effort`, least first; empty: it does not reason."""
    prefill: bool = False
    """Have the server read the prompt ahead of the first answer, for one token of output. Worth
    it for a server of your own that keeps what it read; others charge for it."""


@asynccontextmanager
async def open_engine(settings: Mapping[str, object]) -> AsyncGenerator[LanguageModel, None]:
    """Open a language model; nothing is asked of the server yet.

    Raises:
        ConfigError: a setting can't be used.
    """
    endpoint, options = parse_endpoint(settings, Options)
    async with open_client(endpoint, "language model server") as client:
        yield ChatCompletions(client, endpoint.model, options)


class ChatCompletions:
    """Asks for chat completions; shared by all sessions."""

    prepare_after_ms = FRAME_MS

    def __init__(self, client: HttpClient, model: str, options: Options) -> None:
        self._client = client
        self._model = model
        self._options = options

    @property
    def window_tokens(self) -> int | None:
        """As configured."""
        return self._options.window_tokens

    @property
    def reasoning_efforts(self) -> tuple[str, ...]:
        """As configured."""
        return self._options.reasoning_efforts

    async def generate(self, prompt: Prompt) -> Stream[ModelEvent]:
        """Write one answer.

        Raises:
            EngineError: the server failed, or its answer can't be understood.
        """
        answer = _AnswerReader(self._client)
        is_done = False
        async with (
            self._client.post_json("/chat/completions", self._body(prompt)) as response,
            aclosing(event_data(response, self._client)) as events,
        ):
            async for data in events:
                if is_done := data == b"[DONE]":
                    await read_to_end(response)
                    break
                for event in answer.read(decoded(data, _Chunk, self._client)):
                    yield event
        for event in answer.end(is_done=is_done):
            yield event

    async def prefill(self, prompt: Prompt) -> None:
        """Have the prompt read, if the settings say so.

        Raises:
            EngineError: the server failed.
        """
        if not self._options.prefill:
            return
        body = self._body(prompt) | {self._options.max_tokens_field: 1}
        async with self._client.post_json("/chat/completions", body) as response:
            await response.read()

    async def count_tokens(self, texts: list[str]) -> list[int]:
        """Estimate: four characters a token, rounded up."""
        return [-(-len(text) // CHARACTERS_PER_TOKEN) for text in texts]

    def check_tool(self, tool: Tool) -> None:
        """Accept it: what the server honours is its own affair."""

    def release(self, session_id: str) -> None:
        """Do nothing: the server keeps nothing by session."""

    def _body(self, prompt: Prompt) -> dict[str, object]:
        body: dict[str, object] = {
            "model": self._model,
            "messages": chat_messages(prompt),
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
            body[self._options.max_tokens_field] = prompt.max_output_tokens
        if prompt.temperature is not None:
            body["temperature"] = prompt.temperature
        return body


class _Function(Struct, frozen=True):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(Struct, frozen=True):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _Delta(Struct, frozen=True):
    content: str | None = None
    tool_calls: tuple[_ToolCall, ...] | None = None


class _Choice(Struct, frozen=True):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _PromptDetails(Struct, frozen=True):
    cached_tokens: int | None = None


class _Usage(Struct, frozen=True):
    prompt_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None


class _Chunk(Struct, frozen=True):
    """One event of the stream."""

    choices: tuple[_Choice, ...] | None = None
    usage: _Usage | None = None
    error: object = None


class _AnswerReader:
    """Turns chunks into model events, one call after the other."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client
        self._call: tuple[int, str | None] | None = None
        """Index and id of the call under way."""
        self._arguments = ""
        self._finish_reason: str | None = None
        self._usage = _Usage()

    def read(self, chunk: _Chunk) -> Iterator[ModelEvent]:
        if chunk.error:
            raise self._client.error(f"gave up: {error_text(chunk.error)}.")
        self._usage = chunk.usage or self._usage
        for choice in chunk.choices or ():
            delta = choice.delta or _Delta()
            if delta.content:
                yield TextDelta(delta.content)
            for piece in delta.tool_calls or ():
                yield from self._read_call(piece)
            self._finish_reason = choice.finish_reason or self._finish_reason

    def end(self, *, is_done: bool) -> Iterator[ModelEvent]:
        """Yield what is due at the end of the stream; `is_done` if the server said that it is."""
        reason = self._finish_reason or ("stop" if is_done else None)
        if reason is None:
            raise self._client.error("stopped in the middle of an answer.")
        if reason != "length" or self._is_whole:
            yield from self._finish_call()
        details = self._usage.prompt_tokens_details or _PromptDetails()
        yield Finished(_reason(reason), self._usage.prompt_tokens, details.cached_tokens)

    def _read_call(self, piece: _ToolCall) -> Iterator[ModelEvent]:
        function = piece.function or _Function()
        if self._begins_call(piece):
            yield from self._finish_call()
            if not function.name:
                raise self._client.error("made a call without a name.")
            self._call = (piece.index, piece.id)
            yield ToolCallStarted(function.name)
        if function.arguments:
            self._arguments += function.arguments
            yield ToolCallDelta(function.arguments)

    def _begins_call(self, piece: _ToolCall) -> bool:
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
