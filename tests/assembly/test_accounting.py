"""Limits from the configuration, and accounts whose disk fails."""

import logging
from pathlib import Path

import pytest

from vivavoce.assembly.accounting import limits_of, open_accounts
from vivavoce.clock import Clock
from vivavoce.config import Loaded, load_config
from vivavoce.config_tables import Config, LimitsConfig, OwnLimitsConfig
from vivavoce.errors import ConfigError
from vivavoce.runtime.limits import Limits
from vivavoce.store.database import IN_MEMORY, open_database
from vivavoce.store.tables import SCHEMAS

TEXT = """
[limits]
sessions = 1
requests_per_minute = 60

[limits.keys.desk]
sessions = "none"
tokens_per_minute = 500
"""


def limited(folder: Path, text: str = TEXT, **environment: str) -> Limits:
    file = folder / "config.toml"
    file.write_text(text)
    config = load_config(file, environment=environment).config.limits
    return limits_of(config, Clock(), frozenset({"desk"}))


def left(limits: Limits, key: str) -> dict[str, int]:
    return {state.name: state.limit for state in limits.of(key).states()}


def test_a_key_has_the_limits_of_all_and_its_own_in_their_place(tmp_path: Path) -> None:
    limits = limited(tmp_path)

    assert left(limits, "mobile") == {"requests": 60}
    assert left(limits, "desk") == {"requests": 60, "tokens": 500}
    with limits.of("desk").place(), limits.of("mobile").place():
        assert limits.of("desk").has_room
        assert not limits.of("mobile").has_room


def test_limits_of_a_key_come_from_the_environment_too(tmp_path: Path) -> None:
    limits = limited(tmp_path, VIVAVOCE_LIMITS__KEYS__DESK__REQUESTS_PER_MINUTE="7")

    assert left(limits, "desk") == {"requests": 7, "tokens": 500}


def test_without_configuration_there_are_no_limits(tmp_path: Path) -> None:
    limits = limited(tmp_path, "")

    assert limits.of("anonymous").has_room
    assert left(limits, "anonymous") == {}


def test_limits_of_a_key_that_does_not_exist_are_refused_by_name() -> None:
    config = LimitsConfig(keys={"dask": OwnLimitsConfig(sessions=1)})

    with pytest.raises(ConfigError, match=r"limits\.keys\.dask: no key has this name .*desk"):
        limits_of(config, Clock(), frozenset({"desk"}))


@pytest.mark.parametrize("text", ["sessions = 0", "sessions = 'many'", "session = 1"])
def test_a_limit_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="limits"):
        limited(tmp_path, f"[limits]\n{text}")


async def test_a_store_that_fails_costs_a_warning_and_no_session(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    async with (
        open_database(IN_MEMORY, SCHEMAS) as database,
        open_accounts(Loaded(Config()), Clock(), database) as accounts,
    ):
        await database.run(lambda connection: connection.execute("DROP TABLE usage"))
        accounts.of("any").observers("sess_1", "gpt-realtime")
        await accounts.write()

    assert "cannot write down usage: no such table: usage" in caplog.text
