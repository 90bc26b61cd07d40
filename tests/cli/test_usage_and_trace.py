"""`vivavoce usage` and `vivavoce trace`, beside a server and after it."""

import json
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openai import AsyncOpenAI

from tests.cli.test_commands import vivavoce
from tests.runtime.spans import span, trace
from tests.served import served
from vivavoce.records import Usage, UsagePlace, UsageRecord
from vivavoce.store.database import connect
from vivavoce.store.tables import FILE_NAME, SCHEMAS
from vivavoce.store.traces import keep_traces
from vivavoce.store.usage import add_usage

SCRIPT = '[[turns]]\nanswer = "Hello."\n'


def today() -> str:
    return datetime.now(UTC).date().isoformat()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder in which something was used and traced."""
    with closing(connect(tmp_path / FILE_NAME, SCHEMAS)) as store, store:
        used = Usage(sessions=2, responses=3, input_tokens=1234, session_s=90)
        days = (today(), "2020-01-31")
        places = [UsagePlace(day, key, "gpt-realtime") for day in days for key in ("desk", "other")]
        add_usage(store, [UsageRecord(place=place, usage=used) for place in places])
        root = span("a", kind="session", parent_id=None, key="desk")
        turn = span("b", kind="turn", parent_id=root.span_id)
        call = span("c", kind="tool_call", name="look_up", parent_id=turn.span_id, failed=True)
        keep_traces(store, [trace(workflow_name="[orders]"), root, turn, call])
    return tmp_path


def test_usage_is_a_table_of_the_last_days(home: Path) -> None:
    shown = vivavoce(home, "usage")

    assert shown.returncode == 0, shown.stderr
    lines = [line for line in shown.stdout.splitlines() if "gpt-realtime" in line]
    assert len(lines) == 2
    assert all(cell in lines[0] for cell in (today(), "desk", "1,234", "1.5"))


def test_usage_can_be_narrowed_to_a_key_and_added_up(home: Path) -> None:
    shown = vivavoce(home, "usage", "--days", "10000", "--key", "desk", "--by", "key", "--json")

    (entry,) = json.loads(shown.stdout)["data"]
    assert (entry["key"], entry["sessions"], entry["input_tokens"]) == ("desk", 4, 2468)


def test_traces_are_listed(home: Path) -> None:
    shown = vivavoce(home, "trace")

    assert shown.returncode == 0, shown.stderr
    (line,) = [line for line in shown.stdout.splitlines() if "sess_1" in line]
    assert "[orders]" in line
    assert "250 ms" in line


def test_a_trace_is_a_tree(home: Path) -> None:
    shown = vivavoce(home, "trace", "sess_1")

    assert shown.returncode == 0, shown.stderr
    heads = [re.match(r".*?\w(?=  )", line) for line in shown.stdout.splitlines()[1:]]
    assert [head and head[0] for head in heads] == [
        "└── session",
        "    └── turn",
        "        └── tool_call look_up",
    ]


def test_a_trace_can_be_had_as_json(home: Path) -> None:
    shown = vivavoce(home, "trace", "sess_1", "--json")

    assert [one["kind"] for one in json.loads(shown.stdout)["spans"]] == [
        "session",
        "turn",
        "tool_call",
    ]
    assert json.loads(vivavoce(home, "trace", "--json").stdout)["data"][0]["n_spans"] == 3


def test_a_trace_that_is_not_there_is_one_plain_line(home: Path) -> None:
    shown = vivavoce(home, "trace", "sess_9")

    assert shown.returncode == 2
    assert shown.stderr == "vivavoce: there is no trace of a session sess_9\n"


def test_before_anything_was_used_the_tables_are_empty(tmp_path: Path) -> None:
    for command in ("usage", "trace"):
        assert vivavoce(tmp_path, command).returncode == 0


async def test_a_server_that_ended_has_written_down_everything(tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT)
    environment = {"VIVAVOCE_HOME": str(tmp_path), "VIVAVOCE_API_KEYS": "desk sk-desk"}
    async with served("--scripted", str(script), **environment) as (url, _):
        client = AsyncOpenAI(base_url=url, api_key="sk-desk")
        async with client.realtime.connect(model="gpt-realtime") as connection:
            await connection.session.update(session={"type": "realtime", "tracing": "auto"})
            await connection.response.create()
            async for event in connection:
                if event.type == "response.done":
                    break

    (entry,) = json.loads(vivavoce(tmp_path, "usage", "--json").stdout)["data"]
    (summary,) = json.loads(vivavoce(tmp_path, "trace", "--json").stdout)["data"]
    assert (entry["key"], entry["sessions"], entry["responses"]) == ("desk", 1, 1)
    assert (summary["key"], summary["n_spans"]) == ("desk", 3)
    assert summary["ended_ms"] is not None
    assert b"sk-desk" not in (tmp_path / FILE_NAME).read_bytes()
