"""all-MiniLM-L6-v2: a vector of 384 numbers for a text of up to 254 word pieces.

It runs in a worker process: 6 ms of one core for a question, 22 ms for a passage of 180 pieces.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from vivavoce.engines.worker import Worker, open_worker
from vivavoce.interfaces import Embedder

MODEL = "all-minilm-l6-v2"
"""In the catalogue."""
MAX_TOKENS = 254
"""It was made with 256, two of them signs of its own."""
TOKENIZER = "tokenizer.json"
_HOST = "vivavoce.engines.embedders.minilm_host:open_host"


@asynccontextmanager
async def open_embedder(model_dir: Path, *, can_wait: bool = False) -> AsyncIterator[Embedder]:
    """Load the model in a process of its own.

    Args:
        model_dir: folder with the model's files.
        can_wait: whether it is for adding documents: then everything else goes first.

    Raises:
        ConfigError: there is no model in `model_dir`.
        EngineError: the worker could not be started.
    """
    settings = {"model_dir": model_dir, "can_wait": can_wait}
    async with open_worker(_HOST, settings, name="embedder") as worker:
        yield MiniLm(worker, model_dir)


class MiniLm:
    """Shared by all sessions."""

    def __init__(self, worker: Worker, model_dir: Path) -> None:
        self._worker = worker
        self._model_dir = model_dir

    @property
    def max_tokens(self) -> int:
        """What it reads of a text; the rest is left out."""
        return MAX_TOKENS

    @property
    def tokenizer_file(self) -> Path | None:
        """Its vocabulary, for the `tokenizers` library."""
        return self._model_dir / TOKENIZER

    async def embed(self, texts: Sequence[str]) -> bytes:
        """Return one vector of length 1 for each text, as 32-bit floats in a row.

        Raises:
            EngineError: the worker died.
        """
        vectors = await self._worker.call("embed", list(texts))
        return bytes(vectors)
