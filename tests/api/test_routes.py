"""The addresses around the sessions."""

import pytest

from tests.api.server import served


async def test_models_are_listed_and_found_by_name() -> None:
    async with served() as server:
        listed = await (await server.http.get(f"{server.url}/v1/models")).json()
        one = await (await server.http.get(f"{server.url}/v1/models/gpt-realtime-2.1")).json()

    assert listed["object"] == "list"
    assert one in listed["data"]
    assert one["owned_by"] == "vivavoce"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/models/gpt-9", 404, "model_not_found"),
        ("GET", "/v1/files", 404, None),
        ("POST", "/v1/models", 405, None),
        ("GET", "/v1/realtime", 426, None),
    ],
)
async def test_errors_have_the_protocols_form(
    method: str, path: str, status: int, code: str | None
) -> None:
    async with served() as server:
        answer = await server.http.request(method, server.url + path)
        body = await answer.json()

    assert answer.status == status
    assert body["error"]["code"] == code
    assert set(body["error"]) == {"message", "type", "param", "code"}


async def test_readiness_follows_the_engines_and_the_end() -> None:
    async with served(is_ready=False) as server:
        ready_url = f"{server.url}/readyz"
        cold = await server.http.get(ready_url)
        alive = await server.http.get(f"{server.url}/healthz")
        server.gateway.engines = server.fakes.engines()
        warm = await server.http.get(ready_url)
        await server.gateway.directory.drain(0)
        ending = await server.http.get(ready_url)

    assert [cold.status, alive.status, warm.status, ending.status] == [503, 200, 200, 503]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/gpt-realtime", "/metrics"])
async def test_with_keys_only_health_is_open_to_all(path: str) -> None:
    async with served(keys=("right",)) as server:
        without = await server.http.get(server.url + path)
        with_key = await server.http.get(
            server.url + path, headers={"Authorization": "Bearer right"}
        )
        health = await server.http.get(f"{server.url}/healthz")

    assert [without.status, with_key.status, health.status] == [401, 200, 200]


async def test_every_answer_has_a_request_id() -> None:
    async with served() as server:
        first = await server.http.get(f"{server.url}/healthz")
        second = await server.http.get(f"{server.url}/nowhere")

    assert first.headers["x-request-id"] != second.headers["x-request-id"]


async def test_a_page_that_may_use_the_server_may_ask_first() -> None:
    headers = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,x-stainless-os",
    }
    async with served() as server:
        answer = await server.http.options(f"{server.url}/v1/models", headers=headers)

    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert "x-stainless-os" in answer.headers["Access-Control-Allow-Headers"]
