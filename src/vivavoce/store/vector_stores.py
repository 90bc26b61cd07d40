"""Vector stores: named collections of documents that are searched together."""

import sqlite3
from collections.abc import Mapping
from functools import partial
from typing import Literal

import msgspec
from msgspec import Struct

from vivavoce.store.documents import Listed, Page, list_page, listed

SCHEMA = """
CREATE TABLE IF NOT EXISTS vector_stores (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    description TEXT,
    metadata BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    last_active_at INTEGER NOT NULL,
    n_removals INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS vector_store_files (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    store_id TEXT NOT NULL,
    file_id TEXT NOT NULL,
    batch_id TEXT,
    status TEXT NOT NULL,
    error_code TEXT,
    error_message TEXT,
    attributes BLOB NOT NULL,
    chunk_tokens INTEGER NOT NULL,
    overlap_tokens INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    usage_bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (store_id, file_id)
);
CREATE TABLE IF NOT EXISTS file_batches (
    id TEXT PRIMARY KEY,
    store_id TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
"""

Attribute = str | float | bool
Status = Literal["in_progress", "completed", "cancelled", "failed"]
ErrorCode = Literal["server_error", "unsupported_file", "invalid_file"]
STATUSES: tuple[Status, ...] = ("in_progress", "completed", "cancelled", "failed")


class KeptStore(Struct, frozen=True, kw_only=True):
    """A vector store, and how far its files are."""

    id: str
    name: str
    description: str | None
    metadata: Mapping[str, str]
    created_at: int
    last_active_at: int
    """When a file was last put into it."""
    file_counts: Mapping[Status, int]
    usage_bytes: int


class LastError(Struct, frozen=True, kw_only=True):
    """Why a file could not be added."""

    code: ErrorCode
    message: str


class StoreFile(Struct, frozen=True, kw_only=True):
    """A file within a store."""

    seq: int
    store_id: str
    file_id: str
    status: Status
    last_error: LastError | None
    attributes: Mapping[str, Attribute]
    chunk_tokens: int
    """At most this many in a passage, as the embedding model counts."""
    overlap_tokens: int
    created_at: int
    usage_bytes: int


class NewStoreFile(Struct, frozen=True, kw_only=True):
    """A file to be added to a store."""

    file_id: str
    chunk_tokens: int
    overlap_tokens: int
    attributes: Mapping[str, Attribute] = {}
    batch_id: str | None = None


_METADATA = msgspec.json.Decoder(dict[str, str])
_ATTRIBUTES = msgspec.json.Decoder(dict[str, Attribute])


# --- stores -----------------------------------------------------------------------------------


def add_store(
    connection: sqlite3.Connection,
    *,
    store_id: str,
    name: str,
    description: str | None,
    metadata: Mapping[str, str],
    now_s: int,
) -> KeptStore:
    """Make an empty store."""
    row = connection.execute(
        "INSERT INTO vector_stores (id, name, description, metadata, created_at, last_active_at) "
        "VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
        (store_id, name, description, msgspec.json.encode(metadata), now_s, now_s),
    ).fetchone()
    return _store(connection, row)


def find_store(connection: sqlite3.Connection, store_id: str) -> KeptStore | None:
    """Return a store; None: there is none of that id."""
    row = connection.execute("SELECT * FROM vector_stores WHERE id = ?", (store_id,)).fetchone()
    return None if row is None else _store(connection, row)


def find_store_by_name(connection: sqlite3.Connection, name: str) -> KeptStore | None:
    """Return the oldest store of an id or a name; None: there is none."""
    row = connection.execute(
        "SELECT * FROM vector_stores WHERE id = ?1 OR name = ?1 ORDER BY id != ?1, seq", (name,)
    ).fetchone()
    return None if row is None else _store(connection, row)


def list_stores(connection: sqlite3.Connection, page: Page) -> Listed[KeptStore] | None:
    """Return a page of stores; None: it begins nowhere."""
    rows = list_page(connection, "SELECT * FROM vector_stores", "id", "TRUE", (), page)
    return listed(rows, partial(_store, connection))


def change_store(
    connection: sqlite3.Connection,
    store_id: str,
    *,
    name: str | None = None,
    metadata: Mapping[str, str] | None = None,
) -> KeptStore | None:
    """Give a store another name or other metadata; None: there is none of that id."""
    encoded = None if metadata is None else msgspec.json.encode(metadata)
    row = connection.execute(
        "UPDATE vector_stores SET name = COALESCE(?, name), metadata = COALESCE(?, metadata) "
        "WHERE id = ? RETURNING *",
        (name, encoded, store_id),
    ).fetchone()
    return None if row is None else _store(connection, row)


def remove_store(connection: sqlite3.Connection, store_id: str) -> bool:
    """Forget a store and what is in it, but not the files; say whether there was one."""
    _remove_passages(connection, "SELECT seq FROM vector_store_files WHERE store_id = ?", store_id)
    connection.execute("DELETE FROM vector_store_files WHERE store_id = ?", (store_id,))
    connection.execute("DELETE FROM file_batches WHERE store_id = ?", (store_id,))
    return connection.execute("DELETE FROM vector_stores WHERE id = ?", (store_id,)).rowcount > 0


# --- their files ------------------------------------------------------------------------------


def add_store_file(
    connection: sqlite3.Connection, store_id: str, new: NewStoreFile, now_s: int
) -> StoreFile:
    """Put a file into a store, to be read and embedded; one that is there begins anew."""
    remove_store_file(connection, store_id, new.file_id)
    connection.execute(
        "UPDATE vector_stores SET last_active_at = ? WHERE id = ?", (now_s, store_id)
    )
    row = connection.execute(
        "INSERT INTO vector_store_files (store_id, file_id, batch_id, status, attributes, "
        "chunk_tokens, overlap_tokens, created_at) "
        "VALUES (?, ?, ?, 'in_progress', ?, ?, ?, ?) RETURNING *",
        (
            store_id,
            new.file_id,
            new.batch_id,
            msgspec.json.encode(new.attributes),
            new.chunk_tokens,
            new.overlap_tokens,
            now_s,
        ),
    ).fetchone()
    return _store_file(row)


def find_store_file(
    connection: sqlite3.Connection, store_id: str, file_id: str
) -> StoreFile | None:
    """Return a file within a store; None: it is not in there."""
    row = connection.execute(
        "SELECT * FROM vector_store_files WHERE store_id = ? AND file_id = ?", (store_id, file_id)
    ).fetchone()
    return None if row is None else _store_file(row)


def list_store_files(
    connection: sqlite3.Connection,
    store_id: str,
    page: Page,
    *,
    status: Status | None = None,
    batch_id: str | None = None,
) -> Listed[StoreFile] | None:
    """Return a page of a store's files; None: it begins nowhere."""
    where, values = "store_id = ?", [store_id]
    for column, value in (("status", status), ("batch_id", batch_id)):
        if value is not None:
            where, values = f"{where} AND {column} = ?", [*values, value]
    rows = list_page(connection, "SELECT * FROM vector_store_files", "file_id", where, values, page)
    return listed(rows, _store_file)


def unfinished_files(connection: sqlite3.Connection) -> list[StoreFile]:
    """Return what is still to be read and embedded, oldest first."""
    rows = connection.execute(
        "SELECT * FROM vector_store_files WHERE status = 'in_progress' ORDER BY seq"
    )
    return [_store_file(row) for row in rows]


def change_attributes(
    connection: sqlite3.Connection,
    store_id: str,
    file_id: str,
    attributes: Mapping[str, Attribute],
) -> StoreFile | None:
    """Give a file within a store other attributes; None: it is not in there."""
    row = connection.execute(
        "UPDATE vector_store_files SET attributes = ? WHERE store_id = ? AND file_id = ? "
        "RETURNING *",
        (msgspec.json.encode(attributes), store_id, file_id),
    ).fetchone()
    return None if row is None else _store_file(row)


def fail_store_file(connection: sqlite3.Connection, seq: int, error: LastError) -> None:
    """Note why a file could not be added."""
    connection.execute(
        "UPDATE vector_store_files SET status = 'failed', error_code = ?, error_message = ? "
        "WHERE seq = ? AND status = 'in_progress'",
        (error.code, error.message, seq),
    )


def remove_store_file(connection: sqlite3.Connection, store_id: str, file_id: str) -> bool:
    """Take a file out of a store; say whether it was in there."""
    _remove_passages(
        connection,
        "SELECT seq FROM vector_store_files WHERE store_id = ? AND file_id = ?",
        store_id,
        file_id,
    )
    removed = connection.execute(
        "DELETE FROM vector_store_files WHERE store_id = ? AND file_id = ?", (store_id, file_id)
    )
    return removed.rowcount > 0


def stores_of_file(connection: sqlite3.Connection, file_id: str) -> list[str]:
    """Return the ids of the stores that a file is in."""
    rows = connection.execute(
        "SELECT store_id FROM vector_store_files WHERE file_id = ?", (file_id,)
    )
    return [row["store_id"] for row in rows]


# --- batches ----------------------------------------------------------------------------------


def add_batch(connection: sqlite3.Connection, batch_id: str, store_id: str, now_s: int) -> None:
    """Note that files are added together."""
    connection.execute("INSERT INTO file_batches VALUES (?, ?, ?)", (batch_id, store_id, now_s))


def find_batch(
    connection: sqlite3.Connection, store_id: str, batch_id: str
) -> tuple[int, Mapping[Status, int]] | None:
    """Return when a batch was made (Unix seconds) and how far its files are; None: none there."""
    row = connection.execute(
        "SELECT created_at FROM file_batches WHERE id = ? AND store_id = ?", (batch_id, store_id)
    ).fetchone()
    if row is None:
        return None
    return row["created_at"], _counts(connection, "batch_id = ?", batch_id)


def _remove_passages(connection: sqlite3.Connection, entries: str, *values: str) -> None:
    connection.execute(f"DELETE FROM passages WHERE entry IN ({entries})", values)
    connection.execute(
        "UPDATE vector_stores SET n_removals = n_removals + 1 WHERE id = ?", (values[0],)
    )


def _counts(connection: sqlite3.Connection, where: str, value: str) -> dict[Status, int]:
    rows = connection.execute(
        f"SELECT status, COUNT(*) AS n FROM vector_store_files WHERE {where} GROUP BY status",
        (value,),
    )
    found = {row["status"]: row["n"] for row in rows}
    return {status: found.get(status, 0) for status in STATUSES}


def _store(connection: sqlite3.Connection, row: sqlite3.Row) -> KeptStore:
    (usage_bytes,) = connection.execute(
        "SELECT COALESCE(SUM(usage_bytes), 0) FROM vector_store_files WHERE store_id = ?",
        (row["id"],),
    ).fetchone()
    return KeptStore(
        id=row["id"],
        name=row["name"],
        description=row["description"],
        metadata=_METADATA.decode(row["metadata"]),
        created_at=row["created_at"],
        last_active_at=row["last_active_at"],
        file_counts=_counts(connection, "store_id = ?", row["id"]),
        usage_bytes=usage_bytes,
    )


def _store_file(row: sqlite3.Row) -> StoreFile:
    error = None
    if row["error_code"] is not None:
        error = LastError(code=row["error_code"], message=row["error_message"])
    return StoreFile(
        seq=row["seq"],
        store_id=row["store_id"],
        file_id=row["file_id"],
        status=row["status"],
        last_error=error,
        attributes=_ATTRIBUTES.decode(row["attributes"]),
        chunk_tokens=row["chunk_tokens"],
        overlap_tokens=row["overlap_tokens"],
        created_at=row["created_at"],
        usage_bytes=row["usage_bytes"],
    )
