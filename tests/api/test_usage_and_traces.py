"""What a key has used and what its sessions were like, read over REST."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.server import Event, Served, served
from tests.runtime.fakes import until
from tests.runtime.test_otlp import collecting, exported
from vivavoce.config_tables import Config, OtlpConfig, TracingConfig

KEYS = ("sk-desk", "sk-mobile")
NAMES = {"sk-desk": "desk"}
TRACING: Event = {
    "type": "session.update",
    "session": {"type": "realtime", "tracing": {"workflow_name": "orders"}},
}


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def hold_session(server: Served, key: str, *updates: Event) -> str:
    """Hold a session with one answer; return its id."""
    async with server.socket(headers=bearer(key)) as socket:
        created = await socket.received("session.created")
        for update in updates:
            await socket.send(update)
        await socket.send({"type": "response.create"})
        await socket.received("response.done")
    await until(lambda: not len(server.gateway.directory))
    session_id: str = created["session"]["id"]  # type: ignore[index]  # JSON
    return session_id


async def get(server: Served, path: str, key: str = "sk-desk") -> tuple[int, Any]:
    """Return status and JSON."""
    answer = await server.http.get(f"{server.url}/v1/{path}", headers=bearer(key))
    return answer.status, await answer.json()


# --- usage ------------------------------------------------------------------------------------


async def test_a_key_reads_what_it_used_under_its_name_and_nothing_of_others() -> None:
    async with served(keys=KEYS, key_names=NAMES) as server:
        for _ in range(2):
            await hold_session(server, "sk-desk")
        await hold_session(server, "sk-mobile")
        status, body = await get(server, "usage")
        _, of_other = await get(server, "usage", "sk-mobile")

    (entry,) = body["data"]
    assert (status, body["object"]) == (200, "list")
    assert entry["object"] == "usage"
    assert entry["day"] == datetime.now(UTC).date().isoformat()
    assert (entry["key"], entry["model"]) == ("desk", "gpt-realtime")
    assert (entry["sessions"], entry["responses"]) == (2, 2)
    assert entry["output_tokens"] == entry["output_text_tokens"] + entry["output_audio_tokens"] > 0
    assert entry["session_s"] > 0
    (other,) = of_other["data"]
    assert other["key"].startswith("key_")
    assert other["sessions"] == 1


async def test_days_are_chosen_by_the_query() -> None:
    async with served() as server:
        await hold_session(server, "any")
        _, earlier = await get(server, "usage?until=2020-01-31")
        _, all_days = await get(server, "usage?since=2020-01-01")

    assert earlier["data"] == []
    assert [entry["key"] for entry in all_days["data"]] == ["anonymous"]


@pytest.mark.parametrize("name", ["since", "until"])
async def test_a_day_that_is_none_is_refused_by_name(name: str) -> None:
    async with served() as server:
        status, body = await get(server, f"usage?{name}=yesterday")

    assert status == 400
    assert body["error"]["param"] == name


@pytest.mark.parametrize("path", ["usage", "traces", "traces/sess_1"])
async def test_without_the_right_key_nothing_is_told(path: str) -> None:
    async with served(keys=KEYS) as server:
        status, body = await get(server, path, "wrong")

    assert (status, body["error"]["code"]) == (401, "invalid_api_key")


# --- traces -----------------------------------------------------------------------------------


async def test_a_session_is_traced_when_its_client_asks() -> None:
    async with served(keys=KEYS) as server:
        session_id = await hold_session(server, "sk-desk", TRACING)
        await hold_session(server, "sk-desk")
        _, listed = await get(server, "traces")
        status, trace = await get(server, f"traces/{session_id}")

    (summary,) = listed["data"]
    assert (summary["session_id"], summary["workflow_name"]) == (session_id, "orders")
    assert (summary["n_spans"], summary["n_failed"]) == (3, 0)
    assert summary["ended_ms"] > summary["started_ms"]
    assert status == 200
    spans = trace["spans"]
    assert [span["kind"] for span in spans] == ["session", "turn", "response"]
    assert "sk-desk" not in str(trace)


async def test_the_trace_of_another_key_is_not_there() -> None:
    async with served(keys=KEYS) as server:
        session_id = await hold_session(server, "sk-desk", TRACING)
        status, body = await get(server, f"traces/{session_id}", "sk-mobile")
        _, listed = await get(server, "traces", "sk-mobile")

    assert (status, body["error"]["code"]) == (404, "trace_not_found")
    assert listed["data"] == []


@pytest.mark.parametrize("limit", ["0", "101", "many", "-1"])
async def test_a_limit_that_is_none_is_refused(limit: str) -> None:
    async with served() as server:
        status, body = await get(server, f"traces?limit={limit}")

    assert (status, body["error"]["param"]) == (400, "limit")


async def test_an_operator_may_trace_every_session() -> None:
    async with served(config=Config(tracing=TracingConfig(always=True))) as server:
        await hold_session(server, "any")
        _, listed = await get(server, "traces")

    assert len(listed["data"]) == 1


async def test_traces_go_to_the_collector_as_well() -> None:
    async with collecting() as collector:
        config = Config(tracing=TracingConfig(otlp=OtlpConfig(endpoint=collector.url)))
        async with served(config=config) as server:
            session_id = await hold_session(server, "any", TRACING)
            status, _ = await get(server, f"traces/{session_id}")

    assert status == 200
    names = [span["name"] for body in collector.bodies for span in exported(body)]
    assert names == ["response", "turn", "session"]


async def test_a_collector_that_is_away_costs_nothing_but_the_export() -> None:
    config = Config(tracing=TracingConfig(otlp=OtlpConfig(endpoint="http://127.0.0.1:1")))
    async with served(config=config) as server:
        session_id = await hold_session(server, "any", TRACING)
        status, _ = await get(server, f"traces/{session_id}")

    assert status == 200


async def test_what_an_ephemeral_key_uses_is_its_minters_who_alone_may_read_it() -> None:
    async with served(keys=KEYS, key_names=NAMES) as server:
        address = f"{server.url}/v1/realtime/client_secrets"
        minted = await server.http.post(address, json={}, headers=bearer("sk-desk"))
        ephemeral = (await minted.json())["value"]
        await hold_session(server, ephemeral)
        _, body = await get(server, "usage")
        status, refusal = await get(server, "usage", ephemeral)

    assert [entry["key"] for entry in body["data"]] == ["desk"]
    assert (status, refusal["error"]["code"]) == (403, "insufficient_permissions")
