"""`vivavoce files`: documents that the assistant may answer from, whether a server runs or not."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from cyclopts import App
from rich.console import Console
from rich.table import Column, Table

from vivavoce.config import Loaded, load_config
from vivavoce.errors import ConfigError

T = TypeVar("T")
SEED_BITS = 63
MB = 1_000_000
SHOWN_CHARACTERS = 300
"""Of a passage that was found."""

app = App(name="files", help="Add, list, search and remove documents that the assistant may use.")


@app.command
def add(path: Path, *, store: str | None = None, config: Path | None = None) -> None:
    """Add what is new or changed in a folder; Ctrl-C ends it, and the next time goes on from there.

    Args:
        path: A folder, with what is below it, or one file: text, Markdown, PDF, DOCX, HTML.
        store: Name of the vector store, made if there is none; none: the name of the folder.
        config: A TOML file; see docs/reference/configuration.md.
    """
    from vivavoce.cli.adding_files import Folder, add_folder

    loaded = load_config(config)
    folder = Folder.of(path, store)
    _fetch_model(loaded)
    summary = asyncio.run(add_folder(loaded, folder, _seed()))
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{summary.n_added} added, {summary.n_unchanged} unchanged, {len(summary.failed)} failed; "
        f"the store {folder.store} holds {summary.n_files} document(s)"
    )
    for name, reason in summary.failed.items():
        console.print(f"  {name}: {reason}", markup=False)


@app.command(name="list")
def show_all(*, store: str | None = None, config: Path | None = None) -> None:
    """Show every document: in which store, how large, how far.

    Args:
        store: Of this one only, by name or id.
        config: A TOML file; see docs/reference/configuration.md.
    """
    from vivavoce.store.shelves import list_shelved

    names = () if store is None else (store,)
    loaded = load_config(config)
    table = Table(Column("store", no_wrap=True), "document", "size", "added", "passages", "state")
    for row in _in_file(loaded, partial(list_shelved, names=names)):
        day = datetime.fromtimestamp(row.created_at, UTC).strftime("%Y-%m-%d")
        size = f"{row.size_bytes / MB:.2f} MB"
        state = row.status if row.error is None else f"{row.status}: {row.error}"
        table.add_row(row.store, row.filename, size, day, str(row.n_passages), state)
    Console().print(table)


@app.command
def search(
    query: str, *, store: str | None = None, limit: int = 5, config: Path | None = None
) -> None:
    """Print the passages that fit best, with their places.

    Args:
        query: A question or key words.
        store: Only in this one, by name or id.
        limit: At most so many.
        config: A TOML file; see docs/reference/configuration.md.
    """
    from vivavoce.assembly.documents import found_for_tool
    from vivavoce.cli.adding_files import search_stores
    from vivavoce.tools.files.server import source_of

    loaded = load_config(config)
    _fetch_model(loaded)
    found = asyncio.run(search_stores(loaded, query, store, limit, _seed()))
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for one in found:
        text = " ".join(one.passage.text.split())
        shown = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + " …"
        console.print(f"{one.score:.2f}  {source_of(found_for_tool(one))}\n      {shown}")
    if not found:
        console.print("nothing found")


@app.command
def remove(*names: str, store: str, config: Path | None = None) -> None:
    """Delete documents from a store, or the whole store with all that is in no other.

    Args:
        names: Of documents, as `vivavoce files list` shows them; none: all, and the store itself.
        store: Its name or id.
        config: A TOML file; see docs/reference/configuration.md.
    """
    from vivavoce.store.shelves import remove_shelved

    missing = _in_file(load_config(config), partial(remove_shelved, store=store, names=names))
    if missing:
        raise ConfigError(f"there is no {', '.join(missing)}")


def _in_file(loaded: Loaded, work: Callable[[Connection], T]) -> T:
    """Do something with the file of documents, which a server may be using meanwhile."""
    from vivavoce.assembly.documents import FILE_NAME, SCHEMAS
    from vivavoce.store.database import connect

    with closing(connect(loaded.data_dir / FILE_NAME, SCHEMAS)) as connection, connection:
        return work(connection)


def _fetch_model(loaded: Loaded) -> None:
    from vivavoce.cli.models import fetch_with_progress
    from vivavoce.engines.embedders.minilm import MODEL
    from vivavoce.models.installed import is_installed

    if not is_installed(loaded.models_dir, MODEL):
        source = loaded.config.models.source
        fetch_with_progress(loaded.models_dir, [MODEL], Path(source) if source else None)


def _seed() -> int:
    return secrets.randbits(SEED_BITS)
