"""What every key used: one row for each day, key and model."""

import sqlite3
from collections.abc import Sequence

import msgspec
from msgspec import structs

from vivavoce.records import Usage, UsagePlace, UsageRecord

_COUNTS = Usage.__struct_fields__

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS usage (
    day TEXT NOT NULL,
    key TEXT NOT NULL,
    model TEXT NOT NULL,
    {", ".join(f"{name} NUMERIC NOT NULL DEFAULT 0" for name in _COUNTS)},
    PRIMARY KEY (day, key, model)
) WITHOUT ROWID;
"""

_ADD = (
    f"INSERT INTO usage (day, key, model, {', '.join(_COUNTS)}) "
    f"VALUES ({', '.join('?' * (3 + len(_COUNTS)))}) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in _COUNTS)
)


def add_usage(connection: sqlite3.Connection, records: Sequence[UsageRecord]) -> None:
    """Add to what is there."""
    connection.executemany(
        _ADD, [(*structs.astuple(one.place), *structs.astuple(one.usage)) for one in records]
    )


def read_usage(
    connection: sqlite3.Connection, *, since: str, until: str, key: str | None = None
) -> list[UsageRecord]:
    """Return the rows of some days, oldest first.

    Args:
        connection: the store.
        since: the first day, `2026-01-31`.
        until: the last day.
        key: whose; None: everybody's.
    """
    rows = connection.execute(
        "SELECT * FROM usage WHERE day BETWEEN ? AND ? AND (? IS NULL OR key = ?) "
        "ORDER BY day, key, model",
        (since, until, key, key),
    )
    return [_record(row) for row in rows]


def _record(row: sqlite3.Row) -> UsageRecord:
    place = UsagePlace(row["day"], row["key"], row["model"])
    usage = msgspec.convert({name: row[name] for name in _COUNTS}, Usage)
    return UsageRecord(place=place, usage=usage)
