"""Spans that have begun, and how they end."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from vivavoce.records import AttributeValue, Span, SpanKind

TRACE_ID_DIGITS = 32
SPAN_ID_DIGITS = 16


@dataclass(slots=True)
class OpenSpan:
    """A stretch of time that goes on."""

    kind: SpanKind
    object_id: str
    """Of what it is about."""
    name: str
    span_id: str
    parent: "OpenSpan | None"
    started: float
    """Monotonic seconds."""
    attributes: dict[str, AttributeValue] = field(default_factory=dict)
    status: str = "completed"
    failed: bool = False
    n_open_children: int = 0
    last_end: float = 0.0
    """Monotonic seconds at which the last of its children ended."""
    ends_with_children: bool = False
    """Whether it is over as soon as no child is open."""


class OpenSpans:
    """The spans of one session, by kind and the id of what they are about."""

    def __init__(
        self, session_id: str, wall_ms_at_zero: float, ended: Callable[[Span], None]
    ) -> None:
        """Begin without any.

        Args:
            session_id: makes all ids of spans.
            wall_ms_at_zero: Unix milliseconds when the monotonic clock was at zero.
            ended: takes each span when it is over.
        """
        self.trace_id = _digest(session_id, TRACE_ID_DIGITS)
        self._session_id = session_id
        self._wall_ms_at_zero = wall_ms_at_zero
        self._ended = ended
        self._open: dict[tuple[SpanKind, str], OpenSpan] = {}

    def begin(
        self,
        kind: SpanKind,
        object_id: str,
        now: float,
        parent: OpenSpan | None = None,
        *,
        name: str | None = None,
    ) -> OpenSpan:
        """Begin a span; nothing happens if one of the same kind and id is open."""
        key = (kind, object_id)
        if key not in self._open:
            span_id = _digest(f"{self._session_id} {kind} {object_id}", SPAN_ID_DIGITS)
            self._open[key] = OpenSpan(
                kind, object_id, name or kind, span_id, parent, now, last_end=now
            )
            if parent is not None:
                parent.n_open_children += 1
        return self._open[key]

    def find(self, kind: SpanKind, object_id: str) -> OpenSpan | None:
        """Return an open span."""
        return self._open.get((kind, object_id))

    def end(
        self,
        kind: SpanKind,
        object_id: str,
        now: float,
        status: str | None = None,
        *,
        failed: bool = False,
    ) -> None:
        """End a span if it is open, and its parent with it if that waited for it.

        Args:
            kind: of the span.
            object_id: of what it is about.
            now: monotonic seconds.
            status: how it ended; None: as its `status` says already.
            failed: whether that is a failure.
        """
        span = self._open.pop((kind, object_id), None)
        if span is None:
            return
        if status is not None:
            span.status, span.failed = status, failed
        self._report(span, now)
        parent = span.parent
        if parent is not None:
            parent.n_open_children -= 1
            parent.last_end = max(parent.last_end, now)
            self._end_if_over(parent)

    def end_after_children(self, span: OpenSpan) -> None:
        """Let a span be over when the last of its children is: now, if none is open."""
        span.ends_with_children = True
        self._end_if_over(span)

    def end_all(self, now: float, statuses: Mapping[SpanKind, str | None]) -> None:
        """End what is open, children before their parents."""
        for kind, status in statuses.items():
            for of_kind, object_id in [key for key in self._open if key[0] == kind]:
                self.end(of_kind, object_id, now, status)

    def _end_if_over(self, span: OpenSpan) -> None:
        if span.ends_with_children and span.n_open_children == 0:
            del self._open[span.kind, span.object_id]
            self._report(span, span.last_end)
            if span.parent is not None:
                span.parent.n_open_children -= 1

    def _report(self, span: OpenSpan, now: float) -> None:
        self._ended(
            Span(
                trace_id=self.trace_id,
                span_id=span.span_id,
                parent_id=None if span.parent is None else span.parent.span_id,
                kind=span.kind,
                name=span.name,
                started_ms=self._wall_ms(span.started),
                ended_ms=self._wall_ms(now),
                status=span.status,
                failed=span.failed,
                attributes=span.attributes,
            )
        )

    def _wall_ms(self, now: float) -> float:
        return round(self._wall_ms_at_zero + now * 1000, 3)


def _digest(text: str, n_digits: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:n_digits]
