"""The smaller bundled model, in a worker process of its own."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.engines.language_models.llama_cpp.whole_answers import WINDOW_TOKENS, model_path
from vivavoce.engines.language_models.llama_cpp.engine import open_engine
from vivavoce.interfaces import LanguageModel


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model() -> AsyncIterator[LanguageModel]:
    async with open_engine(
        {"model_path": model_path(), "slots": 2, "window_tokens": WINDOW_TOKENS}
    ) as it:
        yield it
