"""The embedding model, fetched and started when the first text comes: many never need it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from vivavoce.engines.embedders.minilm import MAX_TOKENS, MODEL, TOKENIZER, open_embedder
from vivavoce.interfaces import Embedder
from vivavoce.models.fetch import fetch
from vivavoce.models.installed import is_installed, path_of


@asynccontextmanager
async def embedder_on_demand(
    models_dir: Path, source: Path | None, fetching: asyncio.Lock, *, can_wait: bool
) -> AsyncIterator[Embedder]:
    """Return one that costs nothing until it is used.

    Args:
        models_dir: where models are kept.
        source: a folder that is searched for the model before any network.
        fetching: shared by all of them, so that the model is fetched once.
        can_wait: whether it is for adding documents: then everything else goes first.
    """
    async with AsyncExitStack() as stack:
        yield _OnDemand(stack, models_dir, source, fetching, can_wait)


class _OnDemand:
    def __init__(
        self,
        stack: AsyncExitStack,
        models_dir: Path,
        source: Path | None,
        fetching: asyncio.Lock,
        can_wait: bool,
    ) -> None:
        self._stack = stack
        self._models_dir = models_dir
        self._source = source
        self._fetching = fetching
        self._can_wait = can_wait
        self._opening = asyncio.Lock()
        self._opened: Embedder | None = None

    @property
    def max_tokens(self) -> int:
        return MAX_TOKENS

    @property
    def tokenizer_file(self) -> Path | None:
        return path_of(self._models_dir, MODEL) / TOKENIZER

    async def embed(self, texts: Sequence[str]) -> bytes:
        async with self._opening:
            if self._opened is None:
                self._opened = await self._open()
        return await self._opened.embed(texts)

    async def _open(self) -> Embedder:
        async with self._fetching:
            if not is_installed(self._models_dir, MODEL):
                fetching = partial(fetch, self._models_dir, [MODEL], local_folder=self._source)
                await asyncio.to_thread(fetching)
        opening = open_embedder(path_of(self._models_dir, MODEL), can_wait=self._can_wait)
        return await self._stack.enter_async_context(opening)
