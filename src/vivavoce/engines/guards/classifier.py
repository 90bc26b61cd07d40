"""Asks an HTTP address whether a piece of an answer may be said.

Two shapes. Ours: `{"guardrail": NAME, "text": PIECE, "before": WHAT_WAS_SAID}`, answered by
`{"blocked": true}` or `{"blocked": false}`. OpenAI's `/v1/moderations`: `{"input": ..., "model":
...}`, answered by `{"results": [{"flagged": ..., "categories": {...}}]}`.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from msgspec import Struct

from vivavoce.engines.guards.settings import GuardrailConfig
from vivavoce.engines.http_client import Endpoint, HttpClient, decoded, open_client
from vivavoce.errors import EngineError

LOG = logging.getLogger(__name__)

MAX_BEFORE_CHARACTERS = 2000
"""Of what was said before: enough to understand a piece by."""


class Verdict(Struct, frozen=True):
    """The answer in our shape."""

    blocked: bool


class ModerationResult(Struct, frozen=True):
    """One result of a moderation; other fields are passed over."""

    flagged: bool
    categories: Mapping[str, bool | None] = {}


class Moderation(Struct, frozen=True):
    """The answer in OpenAI's shape."""

    results: tuple[ModerationResult, ...]


@asynccontextmanager
async def open_classifier(
    config: GuardrailConfig, api_key: str | None
) -> AsyncGenerator["Classifier", None]:
    """Open the connections to a classifier; nothing is asked yet.

    Raises:
        ConfigError: the file of the key can't be read.
    """
    assert config.url is not None
    endpoint = Endpoint(
        base_url=config.url,
        model=config.model or "",
        api_key=api_key,
        api_key_file=config.api_key_file,
        timeout_s=config.timeout_s,
        headers=config.headers,
    )
    async with open_client(endpoint, f"guard rail '{config.name}'") as client:
        yield Classifier(config, client)


class Classifier:
    """Asks about one piece at a time, about several at once."""

    def __init__(self, config: GuardrailConfig, client: HttpClient) -> None:
        self._config = config
        self._client = client

    async def judge(self, text: str, before: str) -> bool:
        """See `Judge`. Where there is no verdict, `on_failure` is one."""
        config = self._config
        try:
            async with asyncio.timeout(config.timeout_s):
                return await self._ask(text, before[-MAX_BEFORE_CHARACTERS:])
        except TimeoutError:
            LOG.warning("the guard rail '%s' gave no verdict in time", config.name)
        except EngineError as error:
            LOG.warning("the guard rail '%s' gave no verdict: %s", config.name, error.message)
        return config.on_failure == "block"

    async def _ask(self, text: str, before: str) -> bool:
        config = self._config
        if config.shape == "moderations":
            model = {} if config.model is None else {"model": config.model}
            data = await self._post({"input": before + text, **model})
            results = decoded(data, Moderation, self._client).results
            if not results:
                raise self._client.error("sent no result.")
            return any(map(self._counts, results))
        data = await self._post({"guardrail": config.name, "text": text, "before": before})
        return decoded(data, Verdict, self._client).blocked

    def _counts(self, result: ModerationResult) -> bool:
        if not self._config.categories:
            return result.flagged
        return any(result.categories.get(category) for category in self._config.categories)

    async def _post(self, body: Mapping[str, object]) -> bytes:
        async with self._client.post_json("", body) as response:
            return await response.read()
