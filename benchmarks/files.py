"""Question: how long does a search among 100,000 passages take, and does it find the right ones?

Vectors of random directions, of which 256 are centres that the others lie around, as passages lie
around subjects; texts of 90 words drawn after Zipf's law from 30,000. Questions are a vector near
one of the passages, and four words drawn by the same law. The embedding of a question (6 ms) is not
in the figures. Recall is that of the ten nearest vectors against exact search in 64 bits.
"""

import sqlite3
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import spread, write
from vivavoce.assembly.documents import SCHEMAS
from vivavoce.store.database import connect
from vivavoce.store.documents import add_file
from vivavoce.store.passage_search import PassageSearch, SearchOrder
from vivavoce.store.passages import Passage, complete_store_file
from vivavoce.store.vector_stores import NewStoreFile, add_store, add_store_file

N_PASSAGES = 100_000
N_FILES = 100
N_CENTRES = 256
N_QUESTIONS = 200
N_WORDS = 30_000
WORDS_EACH = 90
DIMENSIONS = 384
N_NEAREST = 10
STORE = "vs_1"

Vectors = NDArray[np.float32]


async def run() -> None:
    """Measure, and store the figures."""
    chance = np.random.default_rng(1)
    vectors = _vectors(chance)
    shares = 1 / np.arange(1, N_WORDS + 1)
    shares /= shares.sum()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "documents.sqlite"
        connection = connect(path, SCHEMAS)
        started = time.perf_counter()
        _fill(connection, vectors, chance, shares)
        filled_s = time.perf_counter() - started
        figures = _searched(connection, vectors, chance, shares)
        figures["adding_s"] = round(filled_s, 1)
        figures["file_mb"] = round(path.stat().st_size / 1e6)
        connection.close()
    settings: dict[str, object] = {"passages": N_PASSAGES, "dimensions": DIMENSIONS}
    write("files", settings, figures)


def _vectors(chance: np.random.Generator) -> Vectors:
    centres = chance.standard_normal((N_CENTRES, DIMENSIONS), dtype=np.float32)
    chosen = centres[chance.integers(0, N_CENTRES, N_PASSAGES)]
    vectors: Vectors = chosen + chance.standard_normal(chosen.shape, dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _fill(
    connection: sqlite3.Connection,
    vectors: Vectors,
    chance: np.random.Generator,
    shares: NDArray[np.float64],
) -> None:
    each = N_PASSAGES // N_FILES
    with connection:
        add_store(connection, store_id=STORE, name="", description=None, metadata={}, now_s=0)
    for number in range(N_FILES):
        rows = chance.choice(N_WORDS, size=(each, WORDS_EACH), p=shares)
        texts = [" ".join(f"w{word}x" for word in row) for row in rows]
        passages = [Passage(text=text, start=0, end=len(text), n_tokens=120) for text in texts]
        file_id = f"file_{number}"
        with connection:
            add_file(connection, file_id=file_id, filename=file_id, purpose="", data=b"", now_s=0)
            new = NewStoreFile(file_id=file_id, chunk_tokens=128, overlap_tokens=32)
            entry = add_store_file(connection, STORE, new, 0)
            part = vectors[number * each : (number + 1) * each]
            complete_store_file(connection, entry.seq, passages, part)


def _searched(
    connection: sqlite3.Connection,
    vectors: Vectors,
    chance: np.random.Generator,
    shares: NDArray[np.float64],
) -> dict[str, object]:
    search, exact = PassageSearch(), vectors.astype(np.float64)
    times_ms: list[float] = []
    n_right = 0
    first_ms = 0.0
    for number in range(N_QUESTIONS + 1):
        near = vectors[chance.integers(N_PASSAGES)]
        vector = near + 0.02 * chance.standard_normal(DIMENSIONS, dtype=np.float32)
        vector /= np.linalg.norm(vector)
        text = " ".join(f"w{word}x" for word in chance.choice(N_WORDS, size=4, p=shares))
        order = SearchOrder(store_ids=(STORE,), text=text, vector=vector, limit=10)
        started = time.perf_counter()
        with connection:
            search.search(connection, order)
        took_ms = 1000 * (time.perf_counter() - started)
        if number == 0:
            first_ms = took_ms  # it also reads all vectors
            continue
        times_ms.append(took_ms)
        alone = SearchOrder(store_ids=(STORE,), text="", vector=vector, limit=N_NEAREST)
        with connection:
            found = search.search(connection, alone)
        best = np.sort(exact @ vector)[-N_NEAREST:]
        n_right += sum(1 for one in found if one.similarity >= best[0] - 1e-6)
    return {
        "search_ms": spread(times_ms),
        "first_search_ms": round(first_ms),
        "recall_at_10": round(n_right / (N_NEAREST * N_QUESTIONS), 4),
    }
