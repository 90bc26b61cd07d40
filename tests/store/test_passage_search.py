"""What is found, in a file that is written and read as a server does."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from vivavoce.assembly.documents import SCHEMAS
from vivavoce.store.database import connect
from vivavoce.store.documents import add_file
from vivavoce.store.passage_search import FoundPassage, PassageSearch, SearchOrder, fuse
from vivavoce.store.passages import Passage, complete_store_file
from vivavoce.store.vector_stores import (
    NewStoreFile,
    StoreFile,
    add_store,
    add_store_file,
    remove_store,
    remove_store_file,
)
from vivavoce.store.vectors import Scores

DIMENSIONS = 4


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = connect(tmp_path / "documents.sqlite", SCHEMAS)
    yield opened
    opened.close()


def direction(*values: float) -> Scores:
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[: len(values)] = values
    return vector / np.linalg.norm(vector)


def store(connection: sqlite3.Connection, store_id: str = "vs_1") -> str:
    with connection:
        add_store(
            connection, store_id=store_id, name=store_id, description=None, metadata={}, now_s=0
        )
    return store_id


def begun(connection: sqlite3.Connection, file_id: str, store_id: str = "vs_1") -> StoreFile:
    with connection:
        add_file(
            connection, file_id=file_id, filename=file_id, purpose="assistants", data=b"", now_s=0
        )
        new = NewStoreFile(file_id=file_id, chunk_tokens=100, overlap_tokens=0)
        return add_store_file(connection, store_id, new, 0)


def added(
    connection: sqlite3.Connection,
    file_id: str,
    text: str,
    vector: Scores,
    store_id: str = "vs_1",
) -> StoreFile:
    entry = begun(connection, file_id, store_id)
    passage = Passage(text=text, start=0, end=len(text), n_tokens=1)
    with connection:
        assert complete_store_file(connection, entry.seq, [passage], vector.reshape(1, -1))
    return entry


def found(
    connection: sqlite3.Connection,
    search: PassageSearch,
    text: str = "",
    vector: Scores | None = None,
    store_ids: tuple[str, ...] = ("vs_1",),
) -> list[FoundPassage]:
    question = direction(1) if vector is None else vector
    order = SearchOrder(store_ids=store_ids, text=text, vector=question, limit=10)
    with connection:
        return search.search(connection, order)


def names(passages: list[FoundPassage]) -> list[str]:
    return [one.filename for one in passages]


def test_the_nearest_in_meaning_comes_first(connection: sqlite3.Connection) -> None:
    store(connection)
    added(connection, "far", "x", direction(0, 1))
    added(connection, "near", "x", direction(1, 0.1))

    assert names(found(connection, PassageSearch())) == ["near", "far"]


def test_words_bring_up_what_meaning_leaves_behind(connection: sqlite3.Connection) -> None:
    store(connection)
    added(connection, "near", "something else", direction(1, 0.1))
    added(connection, "named", "the part number is QX-7710", direction(0.9, 0.5))

    passages = found(connection, PassageSearch(), "Where is QX-7710?")

    assert names(passages) == ["named", "near"]
    assert passages[0].score == pytest.approx((1 + 61 / 62) / 2)


def test_words_are_found_in_other_forms(connection: sqlite3.Connection) -> None:
    store(connection)
    added(connection, "a", "He was refunding cafés", direction(0, 1))
    added(connection, "b", "nothing of that", direction(0, 1))

    assert names(found(connection, PassageSearch(), "refunds cafe"))[0] == "a"


def test_what_is_added_and_removed_is_seen_by_the_next_search(
    connection: sqlite3.Connection, tmp_path: Path
) -> None:
    store(connection)
    search = PassageSearch()
    added(connection, "one", "x", direction(1))
    other_process = connect(tmp_path / "documents.sqlite", SCHEMAS)

    before = names(found(connection, search))
    added(other_process, "two", "x", direction(1, 0.5))
    between = names(found(connection, search))
    with other_process:
        remove_store_file(other_process, "vs_1", "one")
    after = names(found(connection, search))
    other_process.close()

    assert (before, between, after) == (["one"], ["one", "two"], ["two"])


def test_a_document_is_found_whole_or_not_at_all(connection: sqlite3.Connection) -> None:
    store(connection)
    entry = begun(connection, "half")
    passages = [Passage(text=str(n), start=0, end=1, n_tokens=1) for n in range(3)]
    too_few = np.stack([direction(1), direction(1)])

    with pytest.raises(ValueError, match="shorter"), connection:
        complete_store_file(connection, entry.seq, passages, too_few)

    assert found(connection, PassageSearch()) == []
    rows = connection.execute("SELECT status FROM vector_store_files").fetchall()
    assert [row["status"] for row in rows] == ["in_progress"]


def test_a_document_that_was_removed_while_it_was_embedded_stays_removed(
    connection: sqlite3.Connection,
) -> None:
    store(connection)
    entry = begun(connection, "gone")
    with connection:
        remove_store_file(connection, "vs_1", "gone")
        passage = Passage(text="x", start=0, end=1, n_tokens=1)
        kept = complete_store_file(connection, entry.seq, [passage], direction(1).reshape(1, -1))

    assert not kept
    assert found(connection, PassageSearch()) == []


def test_only_the_asked_stores_are_searched(connection: sqlite3.Connection) -> None:
    for store_id in ("vs_1", "vs_2"):
        store(connection, store_id)
        added(connection, f"of {store_id}", "apples", direction(1), store_id)
    search = PassageSearch()

    one = names(found(connection, search, "apples", store_ids=("vs_2",)))
    both = names(found(connection, search, "apples", store_ids=("vs_1", "vs_2")))
    with connection:
        remove_store(connection, "vs_2")
    left = names(found(connection, search, "apples", store_ids=("vs_1", "vs_2")))

    assert one == ["of vs_2"]
    assert set(both) == {"of vs_1", "of vs_2"}
    assert left == ["of vs_1"]


def test_signs_of_the_query_language_are_only_words(connection: sqlite3.Connection) -> None:
    store(connection)
    added(connection, "a", "x", direction(1))

    assert names(found(connection, PassageSearch(), '" OR text:* NEAR( ^ -')) == ["a"]


def test_rankings_are_joined_by_rank() -> None:
    joined = dict(fuse([[1, 2], [2, 3]]))

    assert joined[2] > joined[1] > joined[3]
    assert dict(fuse([[1], [1]])) == {1: 1.0}
