"""Finds passages by meaning and by words, and joins both rankings.

By meaning: exact, over every vector. By words: BM25, with the rarest words of the question. Joined
by reciprocal rank fusion (Cormack et al., 2009), which needs no scale common to both.
"""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import numpy as np
from msgspec import Struct

from vivavoce.store.passages import Passage, read_passage
from vivavoce.store.vector_stores import Attribute
from vivavoce.store.vectors import Numbers, Scores, StoreVectors

CANDIDATES = 50
"""Of each ranking."""
RANK_OFFSET = 60
"""Of reciprocal rank fusion, as its paper has it."""
MAX_WORD_ROWS = 4_000
"""Passages that are ranked by words, at 2 us each: rare words say most, and go first."""
WORD = re.compile(r"\w+")
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a about am an and any are as at be been but by can could did do does for from had has "
        "have he her his how i if in is it its me my no not of on or our she should so some than "
        "that the their them then there these they this those to us was we were what when where "
        "which who why will with would you your",
    )
)

Matches = Callable[[Mapping[str, Attribute]], bool]
"""Whether a file with these attributes is searched."""


class SearchOrder(Struct, frozen=True, kw_only=True):
    """What is looked for, and where."""

    store_ids: tuple[str, ...]
    text: str
    vector: Scores
    """Of the question, of length 1."""
    limit: int
    matches: Matches | None = None
    """None: every file is searched."""


class FoundPassage(Struct, frozen=True, kw_only=True):
    """A passage that was found, and where it is from."""

    passage: Passage
    file_id: str
    filename: str
    attributes: Mapping[str, Attribute]
    score: float
    """0 to 1; 1 where it is first by meaning and by words."""
    similarity: float
    """Cosine of its vector and the question's."""


class PassageSearch:
    """Keeps the vectors of the stores that were searched; used from one thread."""

    def __init__(self) -> None:
        self._vectors: dict[int, StoreVectors] = {}

    def search(self, connection: sqlite3.Connection, order: SearchOrder) -> list[FoundPassage]:
        """Return the best passages, best first."""
        connection.execute("BEGIN")  # everything below sees the file at one moment
        stores = self._refreshed(connection, order.store_ids)
        entries = None if order.matches is None else _entries(connection, order, order.matches)
        near = _nearest(stores.values(), order.vector, entries)
        worded = _by_words(connection, order.text, tuple(stores), entries)
        best = fuse([[id for id, _ in near], [id for id, _ in worded]])[: order.limit]
        similarities, store_of = dict(near), dict(worded)
        for passage_id, _ in best:
            if passage_id not in similarities:
                vectors = stores[store_of[passage_id]]
                similarities[passage_id] = vectors.similarity(passage_id, order.vector)
        return _read(connection, best, similarities)

    def _refreshed(
        self, connection: sqlite3.Connection, store_ids: Sequence[str]
    ) -> dict[int, StoreVectors]:
        marks = _marks(store_ids)
        rows = connection.execute(
            f"SELECT seq, n_removals FROM vector_stores WHERE id IN ({marks})", store_ids
        ).fetchall()
        for row in rows:
            vectors = self._vectors.setdefault(row["seq"], StoreVectors(row["seq"]))
            vectors.refresh(connection, row["n_removals"])
        self._forget_removed(connection)
        return {row["seq"]: self._vectors[row["seq"]] for row in rows}

    def _forget_removed(self, connection: sqlite3.Connection) -> None:
        there = {row["seq"] for row in connection.execute("SELECT seq FROM vector_stores")}
        for gone in self._vectors.keys() - there:
            del self._vectors[gone]


def fuse(rankings: Iterable[Sequence[int]]) -> list[tuple[int, float]]:
    """Join rankings (best first) to one, with scores: 1 for what is first in all of them."""
    rankings = list(rankings)
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, passage_id in enumerate(ranking):
            scores[passage_id] += (RANK_OFFSET + 1) / (RANK_OFFSET + 1 + rank) / len(rankings)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _entries(connection: sqlite3.Connection, order: SearchOrder, matches: Matches) -> Numbers:
    rows = connection.execute(
        "SELECT seq, attributes FROM vector_store_files WHERE status = 'completed' AND "
        f"store_id IN ({_marks(order.store_ids)})",
        order.store_ids,
    )
    found = [row["seq"] for row in rows if matches(_ATTRIBUTES.decode(row["attributes"]))]
    return np.array(found, np.int64)


def _nearest(
    stores: Iterable[StoreVectors], vector: Scores, entries: Numbers | None
) -> list[tuple[int, float]]:
    found: list[tuple[int, float]] = []
    for vectors in stores:
        ids, scores = vectors.nearest(vector, CANDIDATES, entries)
        found += zip(ids.tolist(), scores.tolist(), strict=True)
    return sorted(found, key=lambda item: (-item[1], item[0]))[:CANDIDATES]


def _by_words(
    connection: sqlite3.Connection, text: str, stores: tuple[int, ...], entries: Numbers | None
) -> list[tuple[int, int]]:
    """Return ids and stores of passages that hold words of the text, best first."""
    words = _telling_words(connection, text)
    if not words:
        return []
    place = f"p.store IN ({_marks(stores)})"
    values: list[object] = [*stores]
    if entries is not None:
        place += " AND p.entry IN (SELECT value FROM json_each(?))"
        values.append(str(entries.tolist()))
    rows = connection.execute(
        "SELECT p.id, p.store FROM passage_words JOIN passages AS p INDEXED BY passages_place "
        f"ON p.id = passage_words.rowid WHERE passage_words MATCH ? AND {place} "
        "ORDER BY passage_words.rank LIMIT ?",
        (" OR ".join(words), *values, CANDIDATES),
    )
    return [(row["id"], row["store"]) for row in rows]


def _telling_words(connection: sqlite3.Connection, text: str) -> list[str]:
    """Return words of the text, quoted, rarest first, as many as can be ranked in time."""
    words = dict.fromkeys(word for word in WORD.findall(text.lower()) if word not in STOP_WORDS)
    counted = []
    for word in words:
        quoted = f'"{word}"'
        (n,) = connection.execute(
            "SELECT COUNT(*) FROM (SELECT 1 FROM passage_words WHERE passage_words MATCH ? "
            "LIMIT ?)",
            (quoted, MAX_WORD_ROWS),
        ).fetchone()
        counted.append((n, quoted))
    telling, room = [], MAX_WORD_ROWS
    for n, quoted in sorted(counted):
        room -= n
        if room <= 0:
            break
        telling.append(quoted)
    return telling


def _read(
    connection: sqlite3.Connection,
    best: Sequence[tuple[int, float]],
    similarities: Mapping[int, float],
) -> list[FoundPassage]:
    rows = connection.execute(
        "SELECT p.*, f.id AS file_id, f.filename, e.attributes FROM passages AS p "
        "JOIN vector_store_files AS e ON e.seq = p.entry JOIN files AS f ON f.id = e.file_id "
        f"WHERE p.id IN ({_marks(best)})",
        [passage_id for passage_id, _ in best],
    )
    by_id = {row["id"]: row for row in rows}
    return [
        FoundPassage(
            passage=read_passage(row),
            file_id=row["file_id"],
            filename=row["filename"],
            attributes=_ATTRIBUTES.decode(row["attributes"]),
            score=score,
            similarity=similarities[passage_id],
        )
        for passage_id, score in best
        if (row := by_id.get(passage_id)) is not None
    ]


_ATTRIBUTES = msgspec.json.Decoder(dict[str, Attribute])


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
