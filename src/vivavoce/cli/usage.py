"""`vivavoce usage`: what each key has used."""

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.table import Column, Table

from vivavoce.clock import Clock
from vivavoce.config import load_config
from vivavoce.records import Usage, UsagePlace, UsageRecord
from vivavoce.store.database import connect
from vivavoce.store.tables import FILE_NAME, SCHEMAS
from vivavoce.store.usage import read_usage

COLUMNS = (
    ("sessions", "sessions"),
    ("responses", "responses"),
    ("input_tokens", "tokens in"),
    ("cached_tokens", "cached"),
    ("output_tokens", "tokens out"),
)
MINUTE_S = 60
TABLE_WIDTH = 110
"""Columns; a narrower terminal wraps the lines rather than that numbers are cut."""


def usage(
    *,
    days: int = 30,
    key: str | None = None,
    by: Literal["day", "key"] = "day",
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> None:
    """Show what the keys of the server have used; a server that runs adds to it every 5 seconds.

    Args:
        days: How many days back, today included (UTC).
        key: Only that of one key: its name, or its hashed id.
        by: One line for each day, or only one for each key.
        as_json: Print everything that is counted, as JSON.
    """
    today = datetime.fromtimestamp(Clock().wall(), UTC).date()
    since = today - timedelta(days=days - 1)
    with closing(connect(load_config().data_dir / FILE_NAME, SCHEMAS)) as connection:
        records = read_usage(connection, since=since.isoformat(), until=today.isoformat(), key=key)
    if by == "key":
        records = _added_up(records, since.isoformat())
    if as_json:
        from vivavoce.api.usage import usage_list  # loads the web server

        Console(soft_wrap=True, highlight=False, markup=False).print(
            json.dumps(usage_list(records), indent=2)
        )
        return
    width = max(Console().width, TABLE_WIDTH)
    Console(width=width).print(_table(records, "since" if by == "key" else "day"))


def _added_up(records: Sequence[UsageRecord], since: str) -> list[UsageRecord]:
    total: dict[UsagePlace, Usage] = {}
    for record in records:
        place = UsagePlace(since, record.place.key, record.place.model)
        total.setdefault(place, Usage()).add(record.usage)
    return [UsageRecord(place=place, usage=total[place]) for place in sorted(total)]


def _table(records: Sequence[UsageRecord], first_column: str) -> Table:
    numbers = [Column(title, justify="right") for _, title in COLUMNS]
    minutes = [Column(title, justify="right") for title in ("minutes", "transcribed")]
    names = [Column(title, no_wrap=True) for title in (first_column, "key", "model")]
    table = Table(*names, *numbers, *minutes, box=None, pad_edge=False)
    for record in records:
        place, used = record.place, record.usage
        table.add_row(
            place.day,
            place.key,
            place.model,
            *(f"{getattr(used, name):,}" for name, _ in COLUMNS),
            f"{used.session_s / MINUTE_S:.1f}",
            f"{used.transcribed_s / MINUTE_S:.1f}",
        )
    return table
