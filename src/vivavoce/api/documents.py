"""The documents of a server: kept, read, embedded, searched."""

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np

from vivavoce.clock import Clock
from vivavoce.ids import NewId
from vivavoce.interfaces import Embedder
from vivavoce.store.database import Database
from vivavoce.store.documents import KeptFile, add_file, delete_file, find_file, read_file
from vivavoce.store.passage_search import FoundPassage, Matches, PassageSearch, SearchOrder
from vivavoce.store.passages import Passage, complete_store_file
from vivavoce.store.vector_stores import (
    LastError,
    NewStoreFile,
    StoreFile,
    add_store_file,
    fail_store_file,
    remove_store_file,
    stores_of_file,
)
from vivavoce.tools.files.cutting import Piece
from vivavoce.tools.files.document import Unreadable
from vivavoce.tools.files.reader import Reader

DEFAULT_CHUNK_TOKENS = 128
"""A few sentences: what answers a question, and little else, for a voice has no room for more."""
DEFAULT_OVERLAP_TOKENS = 32
MAX_CHUNK_TOKENS = 200
"""The model reads 254 and forgets the rest; some are for the heading."""
HEADING_CHARACTERS = 160
"""Of the heading, from its inner end, that are embedded with a passage."""
BATCH = 16
"""Passages embedded at once; between two batches an order to end is looked at."""
MAX_PASSAGES = 20_000
"""Of one document, some 2,500 pages."""

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Told how many passages are done, and of how many."""


class Documents:
    """One per server or command."""

    def __init__(
        self,
        *,
        writing: Database,
        reading: Database,
        clock: Clock,
        new_id: NewId,
        embedder: Embedder,
        adding_embedder: Embedder,
        max_file_bytes: int,
    ) -> None:
        """Join what is open already.

        Args:
            writing: the file of documents.
            reading: the same, for searches, which then need not wait while documents are added.
            clock: the server's.
            new_id: for files, stores and batches.
            embedder: for questions.
            adding_embedder: for passages; the same model.
            max_file_bytes: a larger file is refused.
        """
        self.database = writing
        self.clock = clock
        self.new_id = new_id
        self.max_file_bytes = max_file_bytes
        self._reading = reading
        self._embedder = embedder
        self._adding_embedder = adding_embedder
        self._search = PassageSearch()
        self._reader = Reader(adding_embedder.tokenizer_file)

    async def keep(self, filename: str, data: bytes, purpose: str) -> KeptFile:
        """Keep a file, in no store yet."""
        return await self.database.run(
            partial(
                add_file,
                file_id=self.new_id("file"),
                filename=filename,
                purpose=purpose,
                data=data,
                now_s=self.clock.wall(),
            )
        )

    async def forget(self, file_id: str) -> bool:
        """Delete a file, also from the stores it is in; say whether there was one."""

        def delete(connection: sqlite3.Connection) -> bool:
            for store_id in stores_of_file(connection, file_id):
                remove_store_file(connection, store_id, file_id)
            return delete_file(connection, file_id)

        return await self.database.run(delete)

    async def put(self, store_id: str, new: NewStoreFile) -> StoreFile:
        """Put a file into a store, to be added by whoever calls `add`."""
        return await self.database.run(
            partial(add_store_file, store_id=store_id, new=new, now_s=self.clock.wall())
        )

    async def add(self, entry: StoreFile, progress: Progress = lambda done, total: None) -> None:
        """Read and embed a file of a store; it ends completed or failed, or was removed meanwhile.

        Raises:
            EngineError: the embedding model could not be had; the file is still to be added.
        """
        try:
            passages = await self._read(entry)
        except Unreadable as reason:
            error = LastError(code=reason.code, message=reason.message)
            await self.database.run(partial(fail_store_file, seq=entry.seq, error=error))
            return
        vectors = []
        for start in range(0, len(passages), BATCH):
            progress(start, len(passages))
            texts = [_embedded_text(passage) for passage in passages[start : start + BATCH]]
            vectors.append(await self._adding_embedder.embed(texts))
        joined = np.frombuffer(b"".join(vectors), np.float32).reshape(len(passages), -1)
        await self.database.run(
            partial(complete_store_file, entry=entry.seq, passages=passages, vectors=joined)
        )
        progress(len(passages), len(passages))

    async def search(
        self, store_ids: tuple[str, ...], text: str, limit: int, matches: Matches | None = None
    ) -> list[FoundPassage]:
        """Return the best passages of these stores, best first.

        Raises:
            EngineError: the embedding model could not be had.
        """
        vector = np.frombuffer(await self._embedder.embed([text]), np.float32)
        order = SearchOrder(
            store_ids=store_ids, text=text, vector=vector, limit=limit, matches=matches
        )
        return await self.read(partial(self._search.search, order=order))

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Read from the file, without waiting for a document that is being written."""
        return await self._reading.run(work)

    async def warm_up(self) -> None:
        """Start the embedding model, so that the first question need not wait for it.

        Raises:
            EngineError: it could not be had.
        """
        await self._embedder.embed(["warm"])

    async def close(self) -> None:
        """End the process that reads documents."""
        await self._reader.close()

    async def _read(self, entry: StoreFile) -> list[Passage]:
        data = await self.database.run(partial(read_file, file_id=entry.file_id))
        kept = await self.database.run(partial(find_file, file_id=entry.file_id))
        if data is None or kept is None:
            raise Unreadable("the file was deleted")
        await self._adding_embedder.embed([])  # the reader counts as the model does: fetch it first
        pieces = await self._reader.read(
            kept.filename,
            data,
            max_tokens=entry.chunk_tokens,
            overlap_tokens=entry.overlap_tokens,
        )
        if len(pieces) > MAX_PASSAGES:
            raise Unreadable(f"it has more than {MAX_PASSAGES:,} passages")
        return [_passage(piece) for piece in pieces]


def _passage(piece: Piece) -> Passage:
    return Passage(
        text=piece.text,
        heading=piece.heading,
        page=piece.page,
        start=piece.start,
        end=piece.end,
        n_tokens=piece.n_tokens,
    )


def _embedded_text(passage: Passage) -> str:
    if not passage.heading:
        return passage.text
    return f"{passage.heading[-HEADING_CHARACTERS:]}\n{passage.text}"
