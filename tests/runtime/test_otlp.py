"""Spans as an OpenTelemetry collector takes them, over a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import msgspec
import pytest
from aiohttp import web

from tests.runtime.spans import TRACE_ID, span, trace
from vivavoce.runtime.otlp import PATH, OtlpExporter, export_request, open_otlp_exporter


@dataclass
class Collector:
    """A stand-in: keeps the requests, answers with the statuses it is given."""

    statuses: list[int] = field(default_factory=list)
    bodies: list[dict[str, object]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        self.bodies.append(msgspec.json.decode(await request.read()))
        status = self.statuses.pop(0) if self.statuses else 200
        return web.json_response({"partialSuccess": {}}, status=status)


@asynccontextmanager
async def collecting(*statuses: int) -> AsyncIterator[Collector]:
    collector = Collector(list(statuses))
    app = web.Application()
    app.router.add_post(PATH, collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    collector.url = f"http://{host}:{port}"
    try:
        yield collector
    finally:
        await runner.cleanup()


@asynccontextmanager
async def exporting(url: str) -> AsyncIterator[OtlpExporter]:
    async with aiohttp.ClientSession() as http:
        yield OtlpExporter(http, url + PATH, {}, waits_s=(0, 0))


def exported(body: object) -> list[dict[str, object]]:
    spans: list[dict[str, object]] = body["resourceSpans"][0]["scopeSpans"][0]["spans"]  # type: ignore[index]  # JSON
    return spans


def test_a_span_is_written_as_the_protocol_says() -> None:
    one = span("a", input_tokens=7, session_id="sess_1", first_output_ms=1.5, is_odd=True)

    (written,) = exported(export_request([one]))

    assert written == {
        "traceId": TRACE_ID,
        "spanId": "000000000000000a",
        "parentSpanId": "ffffffffffffffff",
        "name": "response",
        "kind": 1,
        "startTimeUnixNano": "1769817600000000000",
        "endTimeUnixNano": "1769817600250500000",
        "attributes": [
            {"key": "vivavoce.kind", "value": {"stringValue": "response"}},
            {"key": "vivavoce.status", "value": {"stringValue": "completed"}},
            {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "7"}},
            {"key": "gen_ai.conversation.id", "value": {"stringValue": "sess_1"}},
            {"key": "vivavoce.first_output_ms", "value": {"doubleValue": 1.5}},
            {"key": "vivavoce.is_odd", "value": {"boolValue": True}},
        ],
        "status": {"code": 1},
    }


def test_the_session_is_the_root_and_a_failure_is_an_error() -> None:
    root = span("a", kind="session", parent_id=None)
    failed = span("b", kind="tool_call", name="look_up", failed=True, error_message="It broke.")

    first, second = exported(export_request([root, failed]))

    assert "parentSpanId" not in first
    assert first["kind"] == 2
    assert second["name"] == "tool_call look_up"
    assert second["status"] == {"code": 2, "message": "It broke."}


async def test_spans_arrive_with_the_headers_of_the_operator() -> None:
    async with (
        collecting() as collector,
        open_otlp_exporter(f"{collector.url}/", {"x-key": "secret"}) as exporter,
    ):
        await exporter.deliver([trace(), span("a"), span("b")])

    assert [len(exported(body)) for body in collector.bodies] == [2]
    assert collector.headers[0]["x-key"] == "secret"
    assert collector.headers[0]["Content-Type"] == "application/json"


async def test_a_batch_without_spans_is_not_sent() -> None:
    async with collecting() as collector, exporting(collector.url) as exporter:
        await exporter.deliver([trace()])

    assert collector.bodies == []


async def test_a_collector_that_is_busy_is_asked_again() -> None:
    async with collecting(503, 429) as collector, exporting(collector.url) as exporter:
        await exporter.deliver([span()])

    assert len(collector.bodies) == 3


async def test_a_collector_that_stays_busy_loses_the_spans() -> None:
    async with collecting(503, 503, 503) as collector, exporting(collector.url) as exporter:
        with pytest.raises(OSError, match="503"):
            await exporter.deliver([span()])


async def test_a_refusal_is_not_repeated() -> None:
    async with collecting(400) as collector, exporting(collector.url) as exporter:
        with pytest.raises(OSError, match="400"):
            await exporter.deliver([span()])

    assert len(collector.bodies) == 1


async def test_a_collector_that_is_not_there_is_an_ordinary_failure() -> None:
    async with exporting("http://127.0.0.1:1") as exporter:
        with pytest.raises(OSError, match=r"127\.0\.0\.1:1"):
            await exporter.deliver([span()])
