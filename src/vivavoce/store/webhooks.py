"""Webhook deliveries: what is still to be delivered, and what became of the rest."""

import sqlite3
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct, structs

DeliveryState = Literal["waiting", "delivered", "failed", "pointless"]
"""`failed`: tried for as long as is worth it; `pointless`: the call it tells of is over."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS webhook_deliveries (
    webhook_id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    event_type TEXT NOT NULL,
    body BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    call_id TEXT,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    outcome TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS webhook_deliveries_by_creation ON webhook_deliveries (created_at);
"""


class Delivery(Struct, frozen=True, kw_only=True):
    """One event for one endpoint."""

    webhook_id: str
    """The same at every attempt."""
    url: str
    event_type: str
    body: bytes
    created_at: int
    """Unix seconds."""
    call_id: str | None = None
    """Of the call with whose end it becomes pointless; None: it never does."""
    state: DeliveryState = "waiting"
    attempts: int = 0
    next_at: int
    """Unix seconds: not to be tried again before; without meaning unless `waiting`."""
    outcome: str = ""
    """Of the last attempt, for people to read."""


_COLUMNS = Delivery.__struct_fields__
_KEEP = (
    f"INSERT OR REPLACE INTO webhook_deliveries ({', '.join(_COLUMNS)}) "
    f"VALUES ({', '.join('?' * len(_COLUMNS))})"
)


def keep_deliveries(connection: sqlite3.Connection, deliveries: Sequence[Delivery]) -> None:
    """Keep new deliveries, or what became of those that are kept already."""
    connection.executemany(_KEEP, [structs.astuple(one) for one in deliveries])


def forget_deliveries(connection: sqlite3.Connection, *, before_s: int) -> None:
    """Forget deliveries of events from before a moment (Unix seconds)."""
    connection.execute("DELETE FROM webhook_deliveries WHERE created_at < ?", (before_s,))


def forgo_calls(connection: sqlite3.Connection) -> None:
    """Give up what waits and tells of a call: for a server that begins, all calls are over."""
    connection.execute(
        "UPDATE webhook_deliveries SET state = 'pointless' "
        "WHERE state = 'waiting' AND call_id IS NOT NULL"
    )


def waiting_deliveries(connection: sqlite3.Connection) -> list[Delivery]:
    """Return what is still to be delivered, the oldest first."""
    return _read(connection, "WHERE state = 'waiting' ORDER BY created_at, webhook_id")


def list_deliveries(connection: sqlite3.Connection, *, limit: int) -> list[Delivery]:
    """Return the newest deliveries, the newest first."""
    return _read(connection, "ORDER BY created_at DESC, webhook_id LIMIT ?", limit)


def find_delivery(connection: sqlite3.Connection, webhook_id: str) -> Delivery | None:
    """Return one delivery."""
    found = _read(connection, "WHERE webhook_id = ?", webhook_id)
    return found[0] if found else None


def _read(connection: sqlite3.Connection, which: str, *values: object) -> list[Delivery]:
    columns = ", ".join(_COLUMNS)
    rows = connection.execute(f"SELECT {columns} FROM webhook_deliveries {which}", values)
    return [msgspec.convert({name: row[name] for name in _COLUMNS}, Delivery) for row in rows]
