"""Spans for an OpenTelemetry collector: OTLP over HTTP, as JSON.

Source: OpenTelemetry Protocol 1.x, "OTLP/HTTP" and "JSON Protobuf Encoding": ids are hex text,
64-bit numbers are text, enums are numbers.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import aiohttp
import msgspec
from msgspec import Struct

from vivavoce import __version__
from vivavoce.records import AttributeValue, Span
from vivavoce.runtime.span_queue import TraceRecord

PATH = "/v1/traces"
TIMEOUT_S = 10.0
WAITS_S = (1.0, 2.0, 4.0)
"""Before each further try; a collector that is away for longer loses spans."""
RETRYABLE = (429, 502, 503, 504)
"""The statuses that the protocol lets a client try again after."""
INTERNAL, SERVER = 1, 2
"""Kinds of spans: a session answers a client."""
OK, ERROR = 1, 2

CONVENTIONS = {
    "session_id": "gen_ai.conversation.id",
    "model": "gen_ai.request.model",
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "error_code": "error.type",
}
"""Attributes that OpenTelemetry has a name for; the others are `vivavoce.*`."""


class OtlpExporter:
    """Sends spans to a collector. Made by `open_otlp_exporter`."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        headers: Mapping[str, str],
        waits_s: Sequence[float] = WAITS_S,
    ) -> None:
        """Prepare to send.

        Args:
            http: open as long as this is used.
            url: where to.
            headers: with every request.
            waits_s: before each further try.
        """
        self._http = http
        self._waits_s = waits_s
        self._url = url
        self._headers = {"Content-Type": "application/json", **headers}

    async def deliver(self, records: Sequence[TraceRecord]) -> None:
        """Send the spans among the records; see `span_queue.Deliver`.

        Raises:
            OSError: the collector can't be reached, or does not take them.
        """
        spans = [record for record in records if isinstance(record, Span)]
        if not spans:
            return
        body = msgspec.json.encode(export_request(spans))
        for wait_s in (*self._waits_s, None):
            failure = await self._failure(body)
            if failure is None:
                return
            if wait_s is None or not failure.may_pass:
                raise OSError(failure.message)
            await asyncio.sleep(wait_s)

    async def _failure(self, body: bytes) -> "_Failure | None":
        """Send once; return what went wrong."""
        try:
            async with self._http.post(self._url, data=body, headers=self._headers) as answer:
                if answer.ok:
                    return None
                message = f"it answered with status {answer.status}"
                return _Failure(message, may_pass=answer.status in RETRYABLE)
        except (aiohttp.ClientError, TimeoutError) as error:
            return _Failure(str(error) or type(error).__name__, may_pass=True)


class _Failure(Struct, frozen=True):
    message: str
    may_pass: bool


@asynccontextmanager
async def open_otlp_exporter(
    endpoint: str, headers: Mapping[str, str]
) -> AsyncIterator[OtlpExporter]:
    """Open the way to a collector until the block is left; nothing is sent yet.

    Args:
        endpoint: base URL of the collector, such as `http://localhost:4318`.
        headers: with every request, such as a key.
    """
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        yield OtlpExporter(http, endpoint.rstrip("/") + PATH, headers)


def export_request(spans: Sequence[Span]) -> dict[str, object]:
    """Return the body of a request (`ExportTraceServiceRequest`)."""
    resource = _attributes({"service.name": "vivavoce", "service.version": __version__})
    scope = {"name": "vivavoce", "version": __version__}
    scope_spans = {"scope": scope, "spans": [_span(span) for span in spans]}
    resource_spans = {"resource": {"attributes": resource}, "scopeSpans": [scope_spans]}
    return {"resourceSpans": [resource_spans]}


def _span(span: Span) -> dict[str, object]:
    attributes: dict[str, AttributeValue] = {"vivavoce.kind": span.kind}
    attributes["vivavoce.status"] = span.status
    for name, value in span.attributes.items():
        attributes[CONVENTIONS.get(name, f"vivavoce.{name}")] = value
    status: dict[str, object] = {"code": ERROR if span.failed else OK}
    if span.failed:
        status["message"] = str(span.attributes.get("error_message", span.status))
    exported: dict[str, object] = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": span.name if span.kind != "tool_call" else f"tool_call {span.name}",
        "kind": SERVER if span.kind == "session" else INTERNAL,
        "startTimeUnixNano": _nanoseconds(span.started_ms),
        "endTimeUnixNano": _nanoseconds(span.ended_ms),
        "attributes": _attributes(attributes),
        "status": status,
    }
    if span.parent_id is not None:
        exported["parentSpanId"] = span.parent_id
    return exported


def _nanoseconds(ms: float) -> str:
    return str(round(ms * 1000) * 1000)


def _attributes(values: Mapping[str, AttributeValue]) -> list[dict[str, object]]:
    return [{"key": name, "value": _value(value)} for name, value in values.items()]


def _value(value: AttributeValue) -> dict[str, object]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
