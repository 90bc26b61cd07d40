"""What `vivavoce files add` and `search` do, once it is clear what is wanted."""

import asyncio
import errno
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from vivavoce.api.documents import DEFAULT_CHUNK_TOKENS, DEFAULT_OVERLAP_TOKENS, Documents
from vivavoce.assembly.documents import open_documents
from vivavoce.clock import Clock
from vivavoce.config import Loaded
from vivavoce.errors import ConfigError
from vivavoce.ids import seeded_ids
from vivavoce.store.documents import KeptFile, sha256_of
from vivavoce.store.passage_search import FoundPassage
from vivavoce.store.shelves import files_by_name, list_contents
from vivavoce.store.vector_stores import (
    KeptStore,
    NewStoreFile,
    StoreFile,
    add_store,
    find_store,
    find_store_by_name,
    find_store_file,
)
from vivavoce.tools.files.formats import is_readable_name

MB = 1_000_000
PURPOSE = "assistants"

Known = list[tuple[KeptFile, StoreFile]]


class Folder(Struct, frozen=True, kw_only=True):
    """What is to be added, and whereto."""

    root: Path
    files: tuple[Path, ...]
    store: str
    """Name or id."""

    @classmethod
    def of(cls, path: Path, store: str | None) -> "Folder":
        """Find the documents below a folder; hidden files and folders are left alone.

        Raises:
            ConfigError: there is nothing to add.
        """
        path = path.expanduser()
        if path.is_file():
            root, files = path.parent, [path]
        elif path.is_dir():
            root, files = path, list(_documents_below(path))
        else:
            raise ConfigError(f"there is no {path}")
        if not files:
            raise ConfigError(f"{path} holds no text, Markdown, PDF, DOCX or HTML file")
        return cls(root=root, files=tuple(files), store=store or root.resolve().name)


class Summary(Struct, kw_only=True):
    """What came of it."""

    n_added: int = 0
    n_unchanged: int = 0
    n_files: int = 0
    """In the store."""
    failed: dict[str, str] = {}
    """Why, by name of the document."""


async def add_folder(loaded: Loaded, folder: Folder, seed: int) -> Summary:
    """Add what is new or changed.

    Raises:
        EngineError: the embedding model can't be had; what was added stays.
    """
    async with open_documents(loaded, Clock(), seeded_ids(seed)) as documents:
        return await add_to_store(documents, folder)


async def add_to_store(documents: Documents, folder: Folder) -> Summary:
    """Like `add_folder`, to documents that are open.

    Raises:
        EngineError: the embedding model can't be had; what was added stays.
    """
    summary = Summary()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    store = await _store(documents, folder.store)
    known = await documents.database.run(partial(files_by_name, store_id=store.id))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        whole = progress.add_task("documents", total=len(folder.files))
        current = progress.add_task("", total=1)
        adding = _Adding(documents, store.id, summary, progress, current)
        for path in folder.files:
            name = path.relative_to(folder.root).as_posix()
            progress.update(current, description=name[-40:], completed=0, total=1)
            await adding.add(name, path, known.get(name, []))
            progress.advance(whole)
    now = await documents.database.run(partial(find_store, store_id=store.id))
    summary.n_files = 0 if now is None else now.file_counts["completed"]
    return summary


async def search_stores(
    loaded: Loaded, query: str, store: str | None, limit: int, seed: int
) -> list[FoundPassage]:
    """Return the best passages of one store, or of all, best first.

    Raises:
        ConfigError: there is no such store.
        EngineError: the embedding model can't be had.
    """
    names = () if store is None else (store,)
    async with open_documents(loaded, Clock(), seeded_ids(seed)) as documents:
        contents = await documents.database.run(partial(list_contents, names=names))
        if store is not None and not contents:
            raise ConfigError(f"there is no store {store}")
        return await documents.search(tuple(one.store_id for one in contents), query, limit)


class _Adding:
    def __init__(
        self,
        documents: Documents,
        store_id: str,
        summary: Summary,
        progress: Progress,
        current: TaskID,
    ) -> None:
        self._documents = documents
        self._store_id = store_id
        self._summary = summary
        self._progress = progress
        self._current = current

    async def add(self, name: str, path: Path, known: Known) -> None:
        """Add a file unless it is there already; then forget what it was before."""
        try:
            data = await asyncio.to_thread(_read, path, self._documents.max_file_bytes)
        except OSError as error:
            self._summary.failed[name] = error.strerror or str(error)
            return
        sha256 = sha256_of(data)
        same = [one for one in known if one[0].sha256 == sha256]
        if any(entry.status == "completed" for _, entry in same):
            self._summary.n_unchanged += 1
        else:
            await self._add_new(name, data, same)
        for kept, _ in known:
            if kept.sha256 != sha256 and name not in self._summary.failed:
                await self._documents.forget(kept.id)

    async def _add_new(self, name: str, data: bytes, same: Known) -> None:
        # One that was begun, or failed, keeps its file and is read anew.
        kept = same[0][0] if same else await self._documents.keep(name, data, PURPOSE)
        new = NewStoreFile(
            file_id=kept.id,
            chunk_tokens=DEFAULT_CHUNK_TOKENS,
            overlap_tokens=DEFAULT_OVERLAP_TOKENS,
        )
        entry = await self._documents.put(self._store_id, new)

        def show(done: int, total: int) -> None:
            self._progress.update(self._current, completed=done, total=total)

        await self._documents.add(entry, show)
        ended = await self._documents.database.run(
            partial(find_store_file, store_id=self._store_id, file_id=kept.id)
        )
        if ended is not None and ended.last_error is not None:
            self._summary.failed[name] = ended.last_error.message
        else:
            self._summary.n_added += 1


def _read(path: Path, limit_bytes: int) -> bytes:
    if path.stat().st_size > limit_bytes:
        raise OSError(errno.EFBIG, f"it is larger than {limit_bytes // MB} MB")
    return path.read_bytes()


async def _store(documents: Documents, name: str) -> KeptStore:
    found = await documents.database.run(partial(find_store_by_name, name=name))
    if found is not None:
        return found
    return await documents.database.run(
        partial(
            add_store,
            store_id=documents.new_id("vs"),
            name=name,
            description=None,
            metadata={},
            now_s=documents.clock.wall(),
        )
    )


def _documents_below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file() and is_readable_name(path.name):
            yield path
