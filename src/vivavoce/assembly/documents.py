"""Puts documents together: where they lie, what embeds them, what sessions may search."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from vivavoce.api.adding import Adding
from vivavoce.api.documents import Documents
from vivavoce.api.gateway import Gateway
from vivavoce.clock import Clock
from vivavoce.config import Loaded
from vivavoce.engines.embedders.on_demand import embedder_on_demand
from vivavoce.errors import ConfigError, EngineError, ToolError
from vivavoce.ids import NewId
from vivavoce.interfaces import Embedder, ToolServer
from vivavoce.runtime.background import Background
from vivavoce.store import documents, passages, vector_stores
from vivavoce.store.database import open_database
from vivavoce.store.passage_search import FoundPassage
from vivavoce.store.shelves import StoreContents, list_contents
from vivavoce.tools.files.server import FilesServer, Found, Shelf

FILE_NAME = "documents.sqlite"
"""In the data folder; beside the server's own, for it may grow large."""
SCHEMAS = (documents.SCHEMA, vector_stores.SCHEMA, passages.SCHEMA)
MB = 1_000_000
MIN_SIMILARITY = 0.2
"""Cosine below which a passage is about something else, though it may share a word."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_documents(loaded: Loaded, clock: Clock, new_id: NewId) -> AsyncIterator[Documents]:
    """Open the documents of a data folder; the embedding model comes when it is needed.

    Raises:
        ConfigError: their file can't be opened.
    """
    source = loaded.config.models.source
    folder, fetching = Path(source) if source else None, asyncio.Lock()
    on_demand = partial(embedder_on_demand, loaded.models_dir, folder, fetching)
    async with on_demand(can_wait=False) as embedder, on_demand(can_wait=True) as adding_embedder:
        opening = documents_with(loaded, clock, new_id, embedder, adding_embedder)
        async with opening as opened:
            yield opened


@asynccontextmanager
async def opened_documents(loaded: Loaded, gateway: Gateway) -> AsyncIterator[None]:
    """Give a server its documents, until the block is left; `gateway.adding` must be run.

    Raises:
        ConfigError: their file can't be opened.
    """
    async with open_documents(loaded, gateway.clock, gateway.new_id) as opened:
        gateway.documents, gateway.adding = opened, Adding(opened)
        yield


@asynccontextmanager
async def documents_with(
    loaded: Loaded, clock: Clock, new_id: NewId, embedder: Embedder, adding_embedder: Embedder
) -> AsyncIterator[Documents]:
    """Open the documents of a data folder with other embedders than the bundled one.

    Raises:
        ConfigError: their file can't be opened.
    """
    path = loaded.data_dir / FILE_NAME
    async with AsyncExitStack() as stack:
        opened = Documents(
            writing=await stack.enter_async_context(open_database(path, SCHEMAS)),
            reading=await stack.enter_async_context(open_database(path, SCHEMAS)),
            clock=clock,
            new_id=new_id,
            embedder=embedder,
            adding_embedder=adding_embedder,
            max_file_bytes=loaded.config.tools.files.max_file_mb * MB,
        )
        stack.push_async_callback(opened.close)
        yield opened


class DocumentsOfSessions:
    """Opens the tool server `files` for sessions."""

    def __init__(
        self,
        opened: Documents,
        background: Background,
        store_names: tuple[str, ...] = (),
        answer_tokens: int = 300,
    ) -> None:
        """Prepare it.

        Args:
            opened: what is searched.
            background: where the embedding model is started, before it is needed.
            store_names: names or ids of the stores that are searched; empty: all.
            answer_tokens: length of what the model is told, about.
        """
        self._documents = opened
        self._background = background
        self._store_names = store_names
        self._answer_tokens = answer_tokens

    async def open(self, session_id: str) -> ToolServer:
        """Open it for a session. There is nothing to fail."""
        self._background.start(self._warm_up(), "embedding model")
        return FilesServer(self, self._answer_tokens)

    async def shelf(self) -> Shelf:
        """Say what there is to search."""
        contents = await self._contents()
        return Shelf(
            stores=[one.about for one in contents if one.about],
            filenames=list(dict.fromkeys(name for one in contents for name in one.filenames)),
        )

    async def find(self, query: str, limit: int) -> Sequence[Found]:
        """Return the best passages, best first.

        Raises:
            ToolError: the embedding model could not be had.
        """
        store_ids = tuple(one.store_id for one in await self._contents())
        try:
            found = await self._documents.search(store_ids, query, limit)
        except (EngineError, ConfigError) as error:
            raise ToolError(f"The documents can't be searched: {error.message}") from error
        return [found_for_tool(one) for one in found if one.similarity >= MIN_SIMILARITY]

    async def _contents(self) -> list[StoreContents]:
        return await self._documents.read(partial(list_contents, names=self._store_names))

    async def _warm_up(self) -> None:
        try:
            if (await self.shelf()).filenames:
                await self._documents.warm_up()
        except (EngineError, ConfigError) as error:
            _log.warning("the embedding model can't be started: %s", error)


def found_for_tool(one: FoundPassage) -> Found:
    """Return a passage as the tool tells of it."""
    passage = one.passage
    return Found(
        text=passage.text,
        filename=one.filename,
        heading=passage.heading,
        page=passage.page,
        start=passage.start,
        end=passage.end,
        n_tokens=passage.n_tokens,
    )
