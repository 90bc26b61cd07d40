"""`vivavoce trace`: what happened in a session, and how long it took."""

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from sqlite3 import Connection
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from rich.tree import Tree

from vivavoce.config import load_config
from vivavoce.errors import ConfigError
from vivavoce.records import Span, Trace
from vivavoce.store.database import connect
from vivavoce.store.tables import FILE_NAME, SCHEMAS
from vivavoce.store.traces import TraceSummary, list_traces, read_trace

TABLE_WIDTH = 110
TREE_WIDTH = 400
"""Columns; a line of the tree is wrapped by the terminal rather than cut."""
UNTOLD = (
    "session_id",
    "key",
    "model",
    "item_id",
    "response_id",
    "call_id",
    "workflow_name",
    "group_id",
)
"""Attributes that the tree leaves out: ids, and what its head says."""


def trace(
    session_id: str | None = None,
    *,
    limit: int = 20,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """List the newest traces, or show one as a tree.

    Args:
        session_id: Of the session to show (`sess_...`), or the id of its trace.
        limit: How many to list.
        as_json: Print JSON.
    """
    from vivavoce.api.traces import trace_list, trace_with_spans

    console = Console()
    with closing(connect(load_config().data_dir / FILE_NAME, SCHEMAS)) as connection:
        if session_id is None:
            summaries = list_traces(connection, limit=limit)
            if as_json:
                _print_json(trace_list(summaries))
            else:
                Console(width=max(console.width, TABLE_WIDTH)).print(_list(summaries))
            return
        found, spans = _read(connection, session_id)
    if as_json:
        _print_json(trace_with_spans(found, spans))
    else:
        Console(width=max(console.width, TREE_WIDTH)).print(_tree(found, spans))


def _read(connection: Connection, session_id: str) -> tuple[Trace, list[Span]]:
    found = read_trace(connection, session_id)
    if found is None:
        raise ConfigError(f"there is no trace of a session {session_id}")
    return found


def _print_json(body: dict[str, object]) -> None:
    Console(soft_wrap=True, highlight=False, markup=False).print(json.dumps(body, indent=2))


def _list(summaries: Sequence[TraceSummary]) -> Table:
    numbers = [Column(title, justify="right") for title in ("length", "spans", "failed")]
    table = Table(
        Column("began (UTC)", no_wrap=True),
        Column("session", no_wrap=True),
        "key",
        "model",
        *numbers,
        "workflow",
        "group",
        box=None,
        pad_edge=False,
    )
    for summary in summaries:
        one, ended_ms = summary.trace, summary.ended_ms
        table.add_row(
            _moment(one.started_ms),
            one.session_id,
            escape(one.key),
            escape(one.model),
            "-" if ended_ms is None else _length(ended_ms - one.started_ms),
            str(summary.n_spans),
            str(summary.n_failed),
            escape(one.workflow_name or ""),
            escape(one.group_id or ""),
        )
    return table


def _tree(trace: Trace, spans: Sequence[Span]) -> Tree:
    head = f"{trace.session_id}  {_moment(trace.started_ms)} UTC  {trace.model}  key {trace.key}"
    for name, value in (("workflow", trace.workflow_name), ("group", trace.group_id)):
        head += f"  {name} {value}" if value is not None else ""
    root = Tree(escape(head))
    nodes: dict[str | None, Tree] = {}
    for span in spans:
        # A parent that goes on has no span yet: what it holds hangs on the root till then.
        branch = nodes.get(span.parent_id, root)
        nodes[span.span_id] = branch.add(escape(_line(trace, span)), highlight=False)
    return root


def _line(trace: Trace, span: Span) -> str:
    after_ms = span.started_ms - trace.started_ms
    told = "  ".join(
        f"{name}={value}" for name, value in span.attributes.items() if name not in UNTOLD
    )
    name = span.name if span.kind != "tool_call" else f"tool_call {span.name}"
    return (
        f"{name}  {_length(span.ended_ms - span.started_ms)}  {span.status}"
        f"  (at {_length(after_ms)})  {told}"
    ).rstrip()


def _moment(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _length(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.2f} s"
