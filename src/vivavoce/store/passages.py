"""Passages: the pieces of documents that are found, with their places, words and vectors."""

import sqlite3
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

SCHEMA = """
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    store INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    position INTEGER NOT NULL,
    heading TEXT NOT NULL,
    text TEXT NOT NULL,
    page INTEGER,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    n_tokens INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS passages_of_entry ON passages (entry, position);
CREATE INDEX IF NOT EXISTS passages_of_store ON passages (store, id);
CREATE INDEX IF NOT EXISTS passages_place ON passages (id, store, entry);
CREATE TABLE IF NOT EXISTS vectors (id INTEGER PRIMARY KEY, vector BLOB NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS passage_words USING fts5 (
    heading, text, content = 'passages', content_rowid = 'id',
    tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE TRIGGER IF NOT EXISTS passage_added AFTER INSERT ON passages BEGIN
    INSERT INTO passage_words (rowid, heading, text) VALUES (new.id, new.heading, new.text);
END;
CREATE TRIGGER IF NOT EXISTS passage_removed AFTER DELETE ON passages BEGIN
    INSERT INTO passage_words (passage_words, rowid, heading, text)
    VALUES ('delete', old.id, old.heading, old.text);
    DELETE FROM vectors WHERE id = old.id;
END;
"""

Vectors = np.ndarray[tuple[int, int], np.dtype[np.float32]]
"""One of length 1 in each row."""


class Passage(Struct, frozen=True, kw_only=True):
    """A piece of a document."""

    text: str
    heading: str = ""
    """Title and headings above it, outermost first, joined by " > "."""
    page: int | None = None
    """Where it begins, from 1; None: the document has no pages."""
    start: int
    """Where it begins and ends in the document's text, in characters."""
    end: int
    n_tokens: int
    """As the embedding model counts."""


def complete_store_file(
    connection: sqlite3.Connection, entry: int, passages: Sequence[Passage], vectors: Vectors
) -> bool:
    """Keep a document's passages and call it completed, all at once.

    Returns:
        Whether it was still wanted: meanwhile it may have been removed, or added by another
        process.
    """
    row = connection.execute(
        "UPDATE vector_store_files SET status = 'completed', usage_bytes = ? "
        "WHERE seq = ? AND status = 'in_progress' "
        "RETURNING (SELECT seq FROM vector_stores WHERE id = store_id) AS store",
        (vectors.nbytes + sum(len(passage.text.encode()) for passage in passages), entry),
    ).fetchone()
    if row is None:
        return False
    for position, (passage, vector) in enumerate(zip(passages, vectors, strict=True)):
        added = connection.execute(
            "INSERT INTO passages (store, entry, position, heading, text, page, start, end, "
            "n_tokens) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row["store"],
                entry,
                position,
                passage.heading,
                passage.text,
                passage.page,
                passage.start,
                passage.end,
                passage.n_tokens,
            ),
        )
        connection.execute("INSERT INTO vectors VALUES (?, ?)", (added.lastrowid, vector.tobytes()))
    return True


def passages_of(connection: sqlite3.Connection, entry: int) -> list[Passage]:
    """Return the passages of a file within a store, in their order."""
    rows = connection.execute("SELECT * FROM passages WHERE entry = ? ORDER BY position", (entry,))
    return [read_passage(row) for row in rows]


def read_passage(row: sqlite3.Row) -> Passage:
    """Return what a row of `passages` holds."""
    return Passage(
        text=row["text"],
        heading=row["heading"],
        page=row["page"],
        start=row["start"],
        end=row["end"],
        n_tokens=row["n_tokens"],
    )
