"""A language model of the bundled kind: a GGUF file on llama.cpp, in a worker process."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from vivavoce.engines.language_models.llama_cpp.answer import AnswerReader
from vivavoce.engines.language_models.llama_cpp.grammar import (
    answer_grammar,
    call_bias,
    check_schema,
    may_call,
)
from vivavoce.engines.language_models.llama_cpp.prompt import render, shared_head
from vivavoce.engines.strict_settings import parse_settings
from vivavoce.engines.worker import Worker, open_worker
from vivavoce.errors import ConfigError, EngineError, ProtocolError
from vivavoce.interfaces import (
    Finished,
    LanguageModel,
    ModelEvent,
    Prompt,
    PromptRead,
    Stream,
    Tool,
)

PREPARE_AFTER_MS = 128
"""An answer costs a few hundred ms of two cores: not worth it at every breath."""

CALL_BIASES = {"qwen2.5-coder-1.5b": 2.3}
"""By a part of the file's name, before the first call of a spoken talk. More of it made
calls of small talk: docs/explanation/decisions/0003."""

_MAX_CALLS = 64  # threads of the worker; each live answer, prefill or count holds one
_MAX_PREFILLS = 4  # of these, so that live answers always find a thread
_HOST = "vivavoce.engines.language_models.llama_cpp.host:open_host"


class LlamaCppSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this engine."""

    model_path: str
    """A GGUF file whose chat template is ChatML (Qwen's, and many others)."""
    slots: int = 4
    """Conversations whose cache is kept at once; about 28 KB a token for the 1.5B model."""
    window_tokens: int = 8192
    """Of each conversation."""
    threads: int | None = None
    """Of the model; None: two, or one on a single core."""
    call_bias: float | None = None
    """How much a model that may call a function is pushed to do so: added to the log-odds of the
    first call of a spoken talk, negative to hold all calls back. None: what suits the bundled
    models, 0 for others."""


@asynccontextmanager
async def open_engine(settings: Mapping[str, object]) -> AsyncIterator[LanguageModel]:
    """Load the model in a process of its own.

    Raises:
        ConfigError: a setting is wrong, or the model can't be used.
        EngineError: the worker died.
    """
    given = _checked(parse_settings(settings, LlamaCppSettings))
    with tempfile.TemporaryDirectory(prefix="vivavoce-") as folder:
        host_settings = {
            "model_path": given.model_path,
            "folder": folder,
            "slots": given.slots,
            "window_tokens": given.window_tokens,
            "shared_head": shared_head(),
            "threads": given.threads or min(2, os.cpu_count() or 1),
        }
        async with open_worker(
            _HOST, host_settings, name="language model", max_parallel=_MAX_CALLS
        ) as worker:
            yield LlamaCpp(worker, given.window_tokens, _call_bias(given))


def _call_bias(given: LlamaCppSettings) -> float:
    if given.call_bias is not None:
        return given.call_bias
    name = Path(given.model_path).name.lower()
    return next((bias for part, bias in CALL_BIASES.items() if part in name), 0.0)


def _checked(settings: LlamaCppSettings) -> LlamaCppSettings:
    for name, least in (("slots", 1), ("window_tokens", 512), ("threads", 1)):
        value = getattr(settings, name)
        if value is not None and value < least:
            raise ConfigError(f"at least {least} is needed", path=name)
    return settings


class LlamaCpp:
    """Writes answers; shared by all sessions. See `LanguageModel`."""

    def __init__(self, worker: Worker, window_tokens: int, call_bias: float = 0.0) -> None:
        self._worker = worker
        self._window_tokens = window_tokens
        self._call_bias = call_bias
        self._prefills = asyncio.Semaphore(_MAX_PREFILLS)
        self._n_asked = 0
        self._released: list[str] = []

    @property
    def prepare_after_ms(self) -> int:
        """Silence after which preparing an answer is worth its cost."""
        return PREPARE_AFTER_MS

    @property
    def sees_pictures(self) -> bool:
        """None of the bundled models sees."""
        return False

    @property
    def reasoning_efforts(self) -> tuple[str, ...]:
        """None of the bundled models reasons."""
        return ()

    @property
    def window_tokens(self) -> int:
        """Size of the context window of one conversation."""
        return self._window_tokens

    async def generate(self, prompt: Prompt) -> Stream[ModelEvent | PromptRead]:
        """Write one answer.

        Raises:
            EngineError: the prompt is too long (`context_length_exceeded`), a tool can't be
                honoured (`invalid_tools`), or the model failed.
        """
        asked = self._asked(prompt)
        asked["grammar"] = _grammar(prompt)
        asked["call_bias"] = call_bias(prompt, self._call_bias)
        asked["bans_calls"] = prompt.spoken and not may_call(prompt)
        asked["max_output_tokens"] = prompt.max_output_tokens
        asked["temperature"] = prompt.temperature
        reader = AnswerReader(may_call=may_call(prompt))
        counts = (0, 0)
        reason: Literal["stop", "max_output_tokens"] | None = None
        async with aclosing(self._worker.stream("generate", asked)) as replies:
            async for reply in replies:
                match reply:
                    case {"n_read": n_read}:
                        yield PromptRead(n_read)
                    case {"n_input": n_input, "n_cached": n_cached}:
                        counts = (n_input, n_cached)
                    case {"text": text, "n_tokens": n_tokens}:
                        for event in reader.push(text, n_tokens):
                            yield event
                    case {"is_cut": is_cut}:
                        reason = "max_output_tokens" if is_cut else "stop"
                    case _:
                        pass
                if reason is not None or reader.is_repeating:
                    break
        for event in reader.end():
            yield event
        yield Finished(reason or "stop", *counts)

    async def prefill(self, prompt: Prompt) -> None:
        """Read the prompt ahead of time; a later one of the same session takes its place."""
        if prompt.out_of_band:
            return
        asked = self._asked(prompt)
        async with self._prefills:
            await self._worker.call("prefill", asked)

    async def count_tokens(self, texts: list[str]) -> list[int]:
        """Count tokens of each text, without any added for roles."""
        counts: list[int] = await self._worker.call("count", texts)
        return counts

    def check_tool(self, tool: Tool) -> None:
        """Accept the tool, or refuse it.

        Raises:
            ProtocolError: names the JSON-Schema keyword it cannot honour.
        """
        check_schema(tool)

    def release(self, session_id: str) -> None:
        """Let others have the session's slot; the worker hears of it with the next request."""
        self._released.append(session_id)

    def _asked(self, prompt: Prompt) -> dict[str, Any]:
        self._n_asked += 1
        released, self._released = self._released, []
        rendered = render(prompt)
        return {
            "order": self._n_asked,
            "session_id": prompt.session_id,
            "out_of_band": prompt.out_of_band,
            "head": rendered.head,
            "body": rendered.body,
            "tail": rendered.tail,
            "released": released,
        }


def _grammar(prompt: Prompt) -> str | None:
    try:
        return answer_grammar(prompt)
    except ProtocolError as error:  # the session checks its tools when they are set
        raise EngineError(error.message, code="invalid_tools") from error
