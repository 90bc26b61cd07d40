"""The table of usage."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from vivavoce.records import Usage, UsagePlace, UsageRecord
from vivavoce.store.database import IN_MEMORY, connect
from vivavoce.store.usage import SCHEMA, add_usage, read_usage


@pytest.fixture
def store() -> Iterator[sqlite3.Connection]:
    with closing(connect(IN_MEMORY, [SCHEMA])) as connection:
        yield connection


def record(day: str, key: str = "desk", model: str = "gpt-realtime", **used: int) -> UsageRecord:
    return UsageRecord(place=UsagePlace(day, key, model), usage=Usage(**used))


def test_what_is_added_later_is_added_up(store: sqlite3.Connection) -> None:
    add_usage(store, [record("2026-01-31", sessions=1, input_tokens=10)])
    add_usage(store, [record("2026-01-31", responses=2, input_tokens=5)])

    found = read_usage(store, since="2026-01-31", until="2026-01-31")

    assert found == [record("2026-01-31", sessions=1, responses=2, input_tokens=15)]


def test_days_keys_and_models_are_kept_apart_and_the_oldest_come_first(
    store: sqlite3.Connection,
) -> None:
    records = [
        record("2026-01-30", sessions=1),
        record("2026-01-31", sessions=1),
        record("2026-01-31", "mobile", sessions=1),
        record("2026-01-31", "mobile", "gpt-realtime-mini", sessions=1),
    ]
    add_usage(store, records[::-1])

    assert read_usage(store, since="2026-01-01", until="2026-01-31") == records


def test_only_the_days_and_the_key_asked_for_are_read(store: sqlite3.Connection) -> None:
    days = ("2026-01-29", "2026-01-30", "2026-01-31", "2026-02-01")
    add_usage(store, [record(day, key, sessions=1) for day in days for key in ("desk", "other")])

    found = read_usage(store, since="2026-01-30", until="2026-01-31", key="desk")

    assert [(one.place.day, one.place.key) for one in found] == [
        ("2026-01-30", "desk"),
        ("2026-01-31", "desk"),
    ]


def test_seconds_keep_their_fractions(store: sqlite3.Connection) -> None:
    used = Usage(transcribed_s=1.25, session_s=60.5)
    add_usage(store, [UsageRecord(place=UsagePlace("2026-01-31", "desk", "m"), usage=used)])

    assert read_usage(store, since="2026-01-31", until="2026-01-31")[0].usage == used
