"""A language model behind any server with the address `/v1/chat/completions`."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Annotated, Literal

from msgspec import Meta, Struct

from vivavoce.engines.http_client import HttpClient, open_client, parse_endpoint
from vivavoce.engines.language_models.chat_chunks import AnswerReader
from vivavoce.engines.language_models.chat_messages import chat_body, chat_messages
from vivavoce.engines.language_models.chat_stream import chat_events
from vivavoce.interfaces import (
    FRAME_MS,
    LanguageModel,
    ModelEvent,
    Prompt,
    Stream,
    Tool,
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
    vision: bool = False
    """Whether the model sees: pictures go to it as they are, else as the words found in them."""
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
    def sees_pictures(self) -> bool:
        """As configured."""
        return self._options.vision

    @property
    def reasoning_efforts(self) -> tuple[str, ...]:
        """As configured."""
        return self._options.reasoning_efforts

    async def generate(self, prompt: Prompt) -> Stream[ModelEvent]:
        """Write one answer.

        Raises:
            EngineError: the server failed, or its answer can't be understood.
        """
        answer = AnswerReader(self._client)
        async with aclosing(chat_events(self._client, self._body(prompt), answer)) as events:
            async for event in events:
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
        body = chat_body(prompt, self._model, self._options.max_tokens_field)
        return {**body, "messages": chat_messages(prompt)}
