"""The tables of traces."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.runtime.spans import BEGAN_MS, TRACE_ID, span, trace
from vivavoce.store.database import IN_MEMORY, connect
from vivavoce.store.traces import SCHEMA, forget_traces, keep_traces, list_traces, read_trace

OTHER_ID = TRACE_ID[::-1]


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    with closing(connect(IN_MEMORY, [SCHEMA])) as connection:
        yield connection


def sessions(store: sqlite3.Connection) -> list[str]:
    return [summary.trace.session_id for summary in list_traces(store, limit=100)]


def test_a_trace_is_read_as_it_was_kept_its_spans_in_the_order_of_their_beginnings(
    store: sqlite3.Connection,
) -> None:
    later = span("1", after_ms=10, input_tokens=7, first_output_ms=1.5, modality="audio")
    failed = span("2", after_ms=5, failed=True)
    root = span("3", kind="session", parent_id=None)
    turn = span("4", kind="turn")
    keep_traces(store, [trace(workflow_name="orders"), later, failed, turn, root])

    found = read_trace(store, "sess_1")

    assert found == (trace(workflow_name="orders"), [root, turn, failed, later])
    assert read_trace(store, TRACE_ID) == found


def test_there_is_no_trace_of_another_session_or_key(store: sqlite3.Connection) -> None:
    keep_traces(store, [trace(key="desk")])

    assert read_trace(store, "sess_2") is None
    assert read_trace(store, "sess_1", key="mobile") is None
    assert read_trace(store, "sess_1", key="desk") is not None


def test_the_list_has_the_newest_first_with_their_numbers(store: sqlite3.Connection) -> None:
    newer = trace("sess_2", trace_id=OTHER_ID, began_ms=BEGAN_MS + 1, key="mobile")
    ended = span("9", kind="session", parent_id=None, trace_id=OTHER_ID)
    keep_traces(store, [trace(), span(), newer, span("8", trace_id=OTHER_ID, failed=True), ended])

    two, one = list_traces(store, limit=5)

    assert (two.trace, two.n_spans, two.n_failed, two.ended_ms) == (newer, 2, 1, ended.ended_ms)
    assert (one.trace.session_id, one.n_spans, one.n_failed, one.ended_ms) == ("sess_1", 1, 0, None)
    assert [s.trace.session_id for s in list_traces(store, limit=1)] == ["sess_2"]
    assert [s.trace.session_id for s in list_traces(store, limit=5, key="desk")] == ["sess_1"]


def test_what_is_too_old_is_forgotten_with_its_spans(store: sqlite3.Connection) -> None:
    newer = trace("sess_2", trace_id=OTHER_ID, began_ms=BEGAN_MS + 1000)
    keep_traces(store, [trace(), span(), newer, span(trace_id=OTHER_ID)])

    forget_traces(store, before_ms=BEGAN_MS + 1, max_spans=100)

    assert sessions(store) == ["sess_2"]
    assert store.execute("SELECT COUNT(*) FROM spans").fetchone()[0] == 1


def test_of_what_is_too_much_the_oldest_is_forgotten(store: sqlite3.Connection) -> None:
    for number in range(4):
        trace_id = f"{number:032}"
        keep_traces(store, [trace(f"sess_{number}", trace_id=trace_id, began_ms=BEGAN_MS + number)])
        keep_traces(store, [span(str(n), trace_id=trace_id) for n in range(10)])

    forget_traces(store, before_ms=0, max_spans=25)

    assert sessions(store) == ["sess_3", "sess_2"]


def test_the_newest_stays_however_large_it_is(store: sqlite3.Connection) -> None:
    keep_traces(store, [trace(), *(span(str(n)) for n in range(10))])

    forget_traces(store, before_ms=0, max_spans=5)

    assert sessions(store) == ["sess_1"]
