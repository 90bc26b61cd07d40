"""An embedder without a model: two texts are near when they share words."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from re import findall
from zlib import crc32

import numpy as np

from vivavoce.api.documents import Documents
from vivavoce.assembly.documents import documents_with
from vivavoce.clock import Clock
from vivavoce.config import Loaded
from vivavoce.config_tables import Config
from vivavoce.errors import EngineError
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import Embedder
from vivavoce.tools.files.settings import FilesSettings
from vivavoce.tools.settings import ToolsSettings

DIMENSIONS = 256


class HashedWords:
    """Counts what it embedded."""

    max_tokens = 254
    tokenizer_file: Path | None = None

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def embed(self, texts: Sequence[str]) -> bytes:
        self.texts += texts
        vectors = np.full((len(texts), DIMENSIONS), 1e-3, np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in findall(r"\w+", text.lower()):
                row[crc32(word.encode()) % DIMENSIONS] += 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors.tobytes()


class Broken:
    """An embedder that can't be had."""

    max_tokens = 254
    tokenizer_file: Path | None = None

    async def embed(self, texts: Sequence[str]) -> bytes:
        raise EngineError("no source has the model")


@asynccontextmanager
async def opened_documents(
    folder: Path, embedder: Embedder | None = None, *, max_file_mb: int = 1
) -> AsyncIterator[Documents]:
    """Open the documents of a folder until the block is left."""
    tools = ToolsSettings(files=FilesSettings(max_file_mb=max_file_mb))
    loaded = Loaded(Config(tools=tools), data_dir=folder)
    embedder = embedder or HashedWords()
    async with documents_with(loaded, Clock(), seeded_ids(7), embedder, embedder) as documents:
        yield documents
