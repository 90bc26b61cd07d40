"""Limits from the configuration; accounts whose store fails."""

import pytest

from vivavoce.accounting import limits_of, open_accounts
from vivavoce.clock import Clock
from vivavoce.config import Config, Loaded, load_config
from vivavoce.errors import ConfigError
from vivavoce.records import Usage
from vivavoce.runtime.limits import KeyLimiter
from vivavoce.store.database import IN_MEMORY, open_database

TEXT = """
[limits]
sessions = 1
requests_per_minute = 60

[limits.keys.desk]
sessions = "none"
tokens_per_minute = 500
"""


def limited(tmp_path, text: str, *key_names: str):  # type: ignore[no-untyped-def]  # see below
    file = tmp_path / "config.toml"
    file.write_text(text)
    return limits_of(load_config(file, environment={}).config.limits, Clock(), frozenset(key_names))


def names(limiter: KeyLimiter) -> dict[str, int]:
    return {state.name: state.limit for state in limiter.states()}
