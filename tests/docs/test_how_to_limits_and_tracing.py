"""What the pages on limits, usage and traces show works as it stands."""

import re
import tomllib
from pathlib import Path

import msgspec

from vivavoce.api.usage import usage_list
from vivavoce.assembly.accounting import limits_of
from vivavoce.clock import Clock
from vivavoce.config import load_config
from vivavoce.protocol.codec import decode_client_event
from vivavoce.records import Usage, UsagePlace, UsageRecord

PAGES = Path(__file__).parents[2] / "docs/how-to"
LIMITS = (PAGES / "limits-and-usage.md").read_text()
TRACING = (PAGES / "tracing.md").read_text()


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)


def test_every_configuration_is_accepted(tmp_path: Path) -> None:
    for text in blocks(LIMITS, "toml") + blocks(TRACING, "toml"):
        (tmp_path / "config.toml").write_text(text)
        config = load_config(tmp_path / "config.toml", environment={}).config
        limits_of(config.limits, Clock(), frozenset({"desk", "phone"}))
        assert tomllib.loads(text)


def test_the_names_of_keys_are_read(tmp_path: Path) -> None:
    (keys,) = re.findall(r'VIVAVOCE_API_KEYS="(.*)"', LIMITS)

    loaded = load_config(environment={"VIVAVOCE_HOME": str(tmp_path), "VIVAVOCE_API_KEYS": keys})

    assert sorted(loaded.key_names.values()) == ["desk", "phone"]
    assert len(loaded.api_keys) == 3


def test_the_entry_of_usage_has_exactly_these_members() -> None:
    (shown,) = blocks(LIMITS, "json")
    record = UsageRecord(place=UsagePlace("2026-01-31", "desk", "gpt-realtime"), usage=Usage())

    body = msgspec.json.decode(msgspec.json.encode(usage_list([record])))

    assert list(msgspec.json.decode(shown)["data"][0]) == list(body["data"][0])


def test_the_updates_that_ask_for_a_trace_are_read() -> None:
    for text in blocks(TRACING, "json"):
        decode_client_event(text)
