"""Documents as they were uploaded: their bytes, names and hashes."""

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from typing import Generic, Literal, TypeVar

from msgspec import Struct

SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    filename TEXT NOT NULL,
    purpose TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    data BLOB NOT NULL
);
"""
COLUMNS = "seq, id, filename, purpose, size_bytes, sha256, created_at"

Order = Literal["asc", "desc"]


Rows = tuple[list[sqlite3.Row], bool]
"""Of a page, and whether there are more."""


class KeptFile(Struct, frozen=True, kw_only=True):
    """A file without its bytes."""

    id: str
    filename: str
    purpose: str
    size_bytes: int
    sha256: str
    created_at: int
    """Unix seconds."""


T = TypeVar("T")


class Listed(Struct, Generic[T], frozen=True):
    """One page of a list."""

    data: list[T]
    has_more: bool


class Page(Struct, frozen=True, kw_only=True):
    """Which stretch of a list is wanted."""

    limit: int
    after: str | None = None
    """Id of the last one seen."""
    before: str | None = None
    """Id of the first one seen."""
    order: Order = "desc"


def add_file(
    connection: sqlite3.Connection,
    *,
    file_id: str,
    filename: str,
    purpose: str,
    data: bytes,
    now_s: int,
) -> KeptFile:
    """Keep a file."""
    row = connection.execute(
        "INSERT INTO files (id, filename, purpose, size_bytes, sha256, created_at, data) "
        f"VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING {COLUMNS}",
        (file_id, filename, purpose, len(data), sha256_of(data), now_s, data),
    ).fetchone()
    return _file(row)


def find_file(connection: sqlite3.Connection, file_id: str) -> KeptFile | None:
    """Return a file; None: there is none of that id."""
    row = connection.execute(f"SELECT {COLUMNS} FROM files WHERE id = ?", (file_id,)).fetchone()
    return None if row is None else _file(row)


def read_file(connection: sqlite3.Connection, file_id: str) -> bytes | None:
    """Return a file's bytes; None: there is none of that id."""
    row = connection.execute("SELECT data FROM files WHERE id = ?", (file_id,)).fetchone()
    return None if row is None else bytes(row["data"])


def list_files(
    connection: sqlite3.Connection, page: Page, purpose: str | None = None
) -> Listed[KeptFile] | None:
    """Return a page of files; None: it begins nowhere."""
    where, values = ("TRUE", ()) if purpose is None else ("purpose = ?", (purpose,))
    rows = list_page(connection, f"SELECT {COLUMNS} FROM files", "id", where, values, page)
    return listed(rows, _file)


def delete_file(connection: sqlite3.Connection, file_id: str) -> bool:
    """Forget a file; say whether there was one. It must be in no vector store any more."""
    return connection.execute("DELETE FROM files WHERE id = ?", (file_id,)).rowcount > 0


def list_page(
    connection: sqlite3.Connection,
    select: str,
    id_column: str,
    where: str,
    values: Sequence[object],
    page: Page,
) -> Rows | None:
    """Return the rows of one page, in its order.

    Args:
        connection: to the file.
        select: `SELECT ... FROM table`, of a table whose rows are numbered by `seq`.
        id_column: what `after` and `before` name.
        where: a condition for the rows of the list.
        values: for its question marks.
        page: which stretch.

    Returns:
        None where `after` or `before` names none of the list.
    """
    forward, condition, bounds = page.order == "asc", where, list(values)
    for cursor, is_later in ((page.after, forward), (page.before, not forward)):
        if cursor is None:
            continue
        found = connection.execute(
            f"{select} WHERE ({where}) AND {id_column} = ?", (*values, cursor)
        ).fetchone()
        if found is None:
            return None
        condition += f" AND seq {'>' if is_later else '<'} ?"
        bounds.append(found["seq"])
    # Those right before a cursor are found from the other side, and turned round again.
    backward = page.before is not None and page.after is None
    direction = "ASC" if forward is not backward else "DESC"
    rows = connection.execute(
        f"{select} WHERE {condition} ORDER BY seq {direction} LIMIT ?", (*bounds, page.limit + 1)
    ).fetchall()
    has_more, rows = len(rows) > page.limit, rows[: page.limit]
    return (rows[::-1] if backward else rows), has_more


def listed(rows: Rows | None, of_row: Callable[[sqlite3.Row], T]) -> Listed[T] | None:
    """Return what the rows of a page hold."""
    return None if rows is None else Listed([of_row(row) for row in rows[0]], rows[1])


def sha256_of(data: bytes) -> str:
    """Return the hash by which a changed file is told from an unchanged one."""
    return hashlib.sha256(data).hexdigest()


def _file(row: sqlite3.Row) -> KeptFile:
    return KeptFile(
        id=row["id"],
        filename=row["filename"],
        purpose=row["purpose"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        created_at=row["created_at"],
    )
