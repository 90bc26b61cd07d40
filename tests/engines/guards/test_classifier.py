"""How an HTTP address is asked, and what happens when it gives no verdict."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from vivavoce.engines.guards.classifier import open_classifier
from vivavoce.engines.guards.settings import GuardrailConfig

Answer = Callable[[dict[str, Any]], web.Response]


@asynccontextmanager
async def classifier(answer: Answer, asked: list[Any]) -> AsyncGenerator[str, None]:
    async def handle(request: web.Request) -> web.Response:
        body = await request.json()
        asked.append((request.path, request.headers.get("Authorization"), body))
        return answer(body)

    app = web.Application()
    app.router.add_post("/{path:.*}", handle)
    async with TestServer(app) as server:
        yield str(server.make_url("/check"))


def config(url: str, **changes: object) -> GuardrailConfig:
    fields = {"name": "polite", "kind": "classifier", "url": url, **changes}
    return GuardrailConfig(**fields)  # type: ignore[arg-type]  # fields by name


async def verdict(guardrail: GuardrailConfig, api_key: str | None = None) -> bool:
    async with open_classifier(guardrail, api_key) as opened:
        return await opened.judge("It is bad.", "Well. ")


@pytest.mark.parametrize("is_blocked", [True, False])
async def test_our_own_shape_has_the_piece_and_what_was_said_before(is_blocked: bool) -> None:
    asked: list[Any] = []
    async with classifier(lambda _: web.json_response({"blocked": is_blocked}), asked) as url:
        assert await verdict(config(url), "sk-1") is is_blocked

    body = {"guardrail": "polite", "text": "It is bad.", "before": "Well. "}
    assert asked == [("/check", "Bearer sk-1", body)]


@pytest.mark.parametrize(
    ("categories", "is_blocked"),
    [((), True), (("violence",), True), (("harassment",), False)],
)
async def test_a_moderation_counts_where_a_wanted_category_is_flagged(
    categories: tuple[str, ...], is_blocked: bool
) -> None:
    found = {"flagged": True, "categories": {"violence": True, "harassment": False}}
    asked: list[Any] = []
    answer = {"id": "modr_1", "model": "m", "results": [found]}
    async with classifier(lambda _: web.json_response(answer), asked) as url:
        guardrail = config(url, shape="moderations", model="m", categories=categories)
        assert await verdict(guardrail) is is_blocked

    assert asked[0][2] == {"input": "Well. It is bad.", "model": "m"}


@pytest.mark.parametrize("on_failure", ["block", "allow"])
@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=500),
        web.Response(text="yes"),
        web.Response(text='{"results": []}', content_type="application/json"),
    ],
    ids=["broken", "no-json", "other-shape"],
)
async def test_no_verdict_means_what_the_operator_says(
    answer: web.Response, on_failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with classifier(lambda _: answer, []) as url:
        assert await verdict(config(url, on_failure=on_failure)) is (on_failure == "block")
    assert "the guard rail 'polite' gave no verdict" in caplog.text


async def test_a_verdict_that_takes_too_long_is_none(caplog: pytest.LogCaptureFixture) -> None:
    is_over = asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        await is_over.wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/", wait)
    async with TestServer(app) as server:
        assert await verdict(config(str(server.make_url("/")), timeout_s=0.05))
        is_over.set()
    assert "polite" in caplog.text


async def test_an_empty_list_of_results_is_no_verdict() -> None:
    async with classifier(lambda _: web.json_response({"results": []}), []) as url:
        assert await verdict(config(url, shape="moderations"))
