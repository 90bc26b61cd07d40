"""Builders of spans and traces."""

from vivavoce.records import AttributeValue, Span, SpanKind, Trace

TRACE_ID = "0123456789abcdef0123456789abcdef"
BEGAN_MS = 1_769_817_600_000.0


def span(
    span_id: str = "1",
    *,
    kind: SpanKind = "response",
    name: str | None = None,
    parent_id: str | None = "f" * 16,
    trace_id: str = TRACE_ID,
    failed: bool = False,
    after_ms: float = 0,
    **attributes: AttributeValue,
) -> Span:
    return Span(
        trace_id=trace_id,
        span_id=span_id.rjust(16, "0"),
        parent_id=parent_id,
        kind=kind,
        name=name or kind,
        started_ms=BEGAN_MS + after_ms,
        ended_ms=BEGAN_MS + after_ms + 250.5,
        status="failed" if failed else "completed",
        failed=failed,
        attributes=attributes,
    )


def trace(
    session_id: str = "sess_1",
    *,
    key: str = "desk",
    trace_id: str = TRACE_ID,
    began_ms: float = BEGAN_MS,
    workflow_name: str | None = None,
) -> Trace:
    return Trace(
        trace_id=trace_id,
        session_id=session_id,
        key=key,
        model="gpt-realtime",
        workflow_name=workflow_name,
        started_ms=began_ms,
    )
