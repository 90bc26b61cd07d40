"""Traces of sessions: what took how long. The oldest are forgotten."""

import sqlite3
from collections.abc import Sequence

import msgspec
from msgspec import Struct, structs

from vivavoce.records import AttributeValue, Span, Trace

_TRACE = Trace.__struct_fields__
_SPAN = Span.__struct_fields__

SCHEMA = """
CREATE TABLE IF NOT EXISTS traces (
    trace_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL,
    model TEXT NOT NULL,
    workflow_name TEXT,
    group_id TEXT,
    started_ms REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS traces_by_start ON traces (started_ms);
CREATE TABLE IF NOT EXISTS spans (
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    parent_id TEXT,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    started_ms REAL NOT NULL,
    ended_ms REAL NOT NULL,
    status TEXT NOT NULL,
    failed INTEGER NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (trace_id, span_id)
) WITHOUT ROWID;
"""

_ATTRIBUTES = msgspec.json.Decoder(dict[str, AttributeValue])


class TraceSummary(Struct, frozen=True, kw_only=True):
    """One line of the list of traces."""

    trace: Trace
    ended_ms: float | None
    """Unix milliseconds; None: the session goes on, or its server was killed."""
    n_spans: int
    n_failed: int
    """Responses, transcriptions and tool calls."""


def keep_traces(connection: sqlite3.Connection, records: Sequence[Trace | Span]) -> None:
    """Keep traces that began and spans that ended."""
    for record in records:
        match record:
            case Trace():
                _insert(connection, "traces", _TRACE, structs.astuple(record))
            case Span():
                attributes = msgspec.json.encode(record.attributes).decode()
                kept = structs.replace(record, attributes={})
                _insert(connection, "spans", _SPAN, (*structs.astuple(kept)[:-1], attributes))


def forget_traces(connection: sqlite3.Connection, *, before_ms: float, max_spans: int) -> None:
    """Forget what is too old, and the oldest of what is too much; the newest always stays.

    Args:
        connection: the store.
        before_ms: sessions that began before it are forgotten (Unix milliseconds).
        max_spans: how many are kept of all sessions together.
    """
    connection.execute("DELETE FROM traces WHERE started_ms < ?", (before_ms,))
    connection.execute(
        "DELETE FROM traces WHERE trace_id IN (SELECT trace_id FROM ("
        "SELECT trace_id, SUM(n) OVER newer AS total, ROW_NUMBER() OVER newer AS place "
        "FROM traces JOIN (SELECT trace_id, COUNT(*) AS n FROM spans GROUP BY trace_id) "
        "USING (trace_id) WINDOW newer AS (ORDER BY started_ms DESC, trace_id)"
        ") WHERE total > ? AND place > 1)",
        (max_spans,),
    )
    connection.execute("DELETE FROM spans WHERE trace_id NOT IN (SELECT trace_id FROM traces)")


def list_traces(
    connection: sqlite3.Connection, *, limit: int, key: str | None = None
) -> list[TraceSummary]:
    """Return the newest traces, the newest first.

    Args:
        connection: the store.
        limit: how many at most.
        key: whose; None: everybody's.
    """
    rows = connection.execute(
        "SELECT traces.*, COUNT(span_id) AS n_spans, "
        "TOTAL(failed AND kind <> 'turn') AS n_failed, "
        "MAX(CASE WHEN kind = 'session' THEN ended_ms END) AS ended_ms "
        "FROM traces LEFT JOIN spans USING (trace_id) WHERE (? IS NULL OR key = ?) "
        "GROUP BY trace_id ORDER BY traces.started_ms DESC, trace_id LIMIT ?",
        (key, key, limit),
    )
    return [
        TraceSummary(
            trace=_trace(row),
            ended_ms=row["ended_ms"],
            n_spans=row["n_spans"],
            n_failed=int(row["n_failed"]),
        )
        for row in rows
    ]


def read_trace(
    connection: sqlite3.Connection, session_id: str, *, key: str | None = None
) -> tuple[Trace, list[Span]] | None:
    """Return the trace of a session with its spans, in the order in which they began.

    Args:
        connection: the store.
        session_id: of the session, or the id of the trace.
        key: whose; None: anybody's.
    """
    row = connection.execute(
        "SELECT * FROM traces WHERE (session_id = ? OR trace_id = ?) AND (? IS NULL OR key = ?)",
        (session_id, session_id, key, key),
    ).fetchone()
    if row is None:
        return None
    spans = connection.execute(
        "SELECT * FROM spans WHERE trace_id = ? ORDER BY started_ms, kind <> 'session', "
        "kind <> 'turn', ended_ms",
        (row["trace_id"],),
    )
    return _trace(row), [_span(one) for one in spans]


def _insert(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], values: Sequence[object]
) -> None:
    places = ", ".join("?" * len(columns))
    connection.execute(
        f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({places})", tuple(values)
    )


def _trace(row: sqlite3.Row) -> Trace:
    return msgspec.convert({name: row[name] for name in _TRACE}, Trace)


def _span(row: sqlite3.Row) -> Span:
    values = {name: row[name] for name in _SPAN}
    values["attributes"] = _ATTRIBUTES.decode(row["attributes"])
    values["failed"] = bool(row["failed"])
    return msgspec.convert(values, Span)
