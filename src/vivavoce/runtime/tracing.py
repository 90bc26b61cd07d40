"""The trace of a session, read off what it is told and asks for.

```
session
├─ turn                 from the user's first word, or the typed message, to the end of the answer
│  ├─ transcription
│  ├─ response
│  ├─ tool_call         from the call to its output
│  └─ response          the one that used the output
└─ response             out of band
```

A trace says what happened when, how it ended and what it cost; no words are in it. It begins when
the client asks for it, or with the session where the operator does.
"""

from collections.abc import Callable, Sequence

import msgspec
from msgspec import UnsetType

from vivavoce.core.inputs import Input, TranscriptionFailed, TranscriptionProgress
from vivavoce.core.outputs import (
    CancelTranscription,
    FeedTranscription,
    Output,
    Send,
    StartTranscription,
)
from vivavoce.interfaces import Transcript
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.extensions import VivavoceGuardrailTripped
from vivavoce.protocol.items import FunctionCall, FunctionCallOutput, Item, McpCall, Message
from vivavoce.protocol.response import Response
from vivavoce.protocol.response_events import (
    ResponseCreated,
    ResponseDone,
    ResponseFunctionCallArgumentsDelta,
    ResponseOutputAudioDelta,
    ResponseOutputItemAdded,
    ResponseOutputItemDone,
    ResponseOutputTextDelta,
)
from vivavoce.protocol.server_events import (
    ConversationItemAdded,
    InputAudioBufferCommitted,
    InputAudioBufferSpeechStarted,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
)
from vivavoce.protocol.session import Session, TracingConfiguration
from vivavoce.records import AttributeValue, Span, SpanKind, Trace
from vivavoce.runtime.open_spans import OpenSpan, OpenSpans
from vivavoce.runtime.span_queue import TraceRecord
from vivavoce.runtime.turn_timing import Timing, TurnTiming

MAX_SPANS = 10_000
"""Of one session: some hours of it. Its span says how many are missing."""
UNENDED: dict[SpanKind, str | None] = {
    "transcription": "cancelled",
    "response": "cancelled",
    "tool_call": "unanswered",
    "turn": None,
}
"""How that ends which is open when the session ends; None: as it stands."""
LATER_PART = "part_"
"""Begins the keys of transcriptions that are not those of a whole item."""


class SessionTrace:
    """Observer of one session."""

    def __init__(
        self,
        session_id: str,
        key: str,
        model: str,
        *,
        started: float,
        wall_ms_at_zero: float,
        put: Callable[[TraceRecord], None],
        always: bool = False,
        max_spans: int = MAX_SPANS,
    ) -> None:
        """Look at a session from its beginning.

        Args:
            session_id: makes the ids of all spans.
            key: name of the key.
            model: as the client named it.
            started: monotonic seconds.
            wall_ms_at_zero: Unix milliseconds when the monotonic clock was at zero.
            put: takes the trace when it begins, and spans when they end.
            always: whether to trace without being asked.
            max_spans: what comes after so many is not kept, but for the session's own.
        """
        self._session_id = session_id
        self._key = key
        self._model = model
        self._started = started
        self._wall_ms_at_zero = wall_ms_at_zero
        self._put = put
        self._always = always
        self._max_spans = max_spans
        self._spans = OpenSpans(session_id, wall_ms_at_zero, self._keep)
        self._n_spans = 0
        self._session: OpenSpan | None = None
        """None: there is no trace, as yet."""
        self._turn: OpenSpan | None = None
        self._turn_has_response = False

    def saw(self, now: float, item: Input, outputs: Sequence[Output]) -> None:
        """See `Observer`."""
        if self._session is not None:
            self._note_input(now, item)
        for output in outputs:
            if isinstance(output, Send):
                self._note_event(now, output.event)
            elif self._session is not None:
                self._note_order(now, output)

    def timed(self, timing: Timing) -> None:
        """See `Observer`."""
        if not isinstance(timing, TurnTiming) or self._turn is None:
            return
        if self._turn.attributes.get("response_id") == timing.response_id:
            marks = {f"{step}_ms": after_ms for step, after_ms in timing.marks.items()}
            self._turn.attributes.update(marks)

    def ended(self, now: float) -> None:
        """See `Observer`."""
        if self._session is None:
            return
        self._spans.end_all(now, UNENDED)
        if self._n_spans > self._max_spans:
            self._session.attributes["spans_not_kept"] = self._n_spans - self._max_spans
        self._n_spans = 0
        self._spans.end("session", self._session_id, now, "completed")

    def _keep(self, span: Span) -> None:
        self._n_spans += 1
        if self._n_spans <= self._max_spans:
            self._put(span)

    # --- what is told ---

    def _note_input(self, now: float, item: Input) -> None:
        match item:
            case TranscriptionProgress(key, Transcript(language=language)):
                if language is not None:
                    self._tell("transcription", key, {"language": language})
                self._spans.end("transcription", key, now, "completed")
            case TranscriptionFailed(item_id=key, message=message, code=code):
                self._tell("transcription", key, {"error_code": code, "error_message": message})
                self._spans.end("transcription", key, now, "failed", failed=True)
            case _:
                pass

    # --- what is asked for ---

    def _note_order(self, now: float, order: Output) -> None:
        match order:
            case StartTranscription(key, hints):
                turn = self._turn if key.startswith(LATER_PART) else self._turn_of(key, now)
                span = self._spans.begin("transcription", key, now, turn or self._session)
                span.attributes["item_id"] = key
                if hints.model is not None:
                    span.attributes["model"] = hints.model
            case FeedTranscription(key, data):
                if (feed := self._spans.find("transcription", key)) is not None:
                    heard_ms = feed.attributes.get("audio_ms", 0.0)
                    assert isinstance(heard_ms, float)
                    feed.attributes["audio_ms"] = round(heard_ms + len(data) / BYTES_PER_MS, 1)
            case CancelTranscription(key):
                self._spans.end("transcription", key, now, "cancelled")
            case _:
                pass

    def _note_event(self, now: float, event: ServerEvent) -> None:
        if isinstance(event, (SessionCreated, SessionUpdated)):
            self._note_session(now, event.session)
        elif self._session is not None:
            self._note_traced(now, event)

    def _note_traced(self, now: float, event: ServerEvent) -> None:
        match event:
            case InputAudioBufferSpeechStarted() | InputAudioBufferCommitted():
                self._turn_of(event.item_id, now)
            case ConversationItemAdded():
                self._note_item(now, event.item)
            case ResponseCreated():
                self._note_response(now, event.response)
            case ResponseDone():
                self._note_response_done(now, event.response)
            case ResponseOutputItemAdded() | ResponseOutputItemDone():
                self._note_output_item(now, event)
            case VivavoceGuardrailTripped(response_id=response_id, guardrail=name):
                self._tell("response", response_id, {"guardrail": name})
            case (
                ResponseOutputAudioDelta()
                | ResponseOutputTextDelta()
                | ResponseFunctionCallArgumentsDelta()
            ):
                self._note_output(now, event.response_id)
            case _:
                pass

    def _note_session(self, now: float, session: Session) -> None:
        tracing = getattr(session, "tracing", None)  # transcriptions and translations have none
        if self._session is not None or (tracing is None and not self._always):
            return
        named = tracing if isinstance(tracing, TracingConfiguration) else TracingConfiguration()
        trace = Trace(
            trace_id=self._spans.trace_id,
            session_id=self._session_id,
            key=self._key,
            model=self._model,
            workflow_name=_given(named.workflow_name),
            group_id=_given(named.group_id),
            started_ms=round(self._wall_ms_at_zero + self._started * 1000, 3),
        )
        self._put(trace)
        self._session = self._spans.begin("session", self._session_id, self._started)
        self._session.attributes.update(_attributes_of(trace))
        if not isinstance(named.metadata, UnsetType):
            self._session.attributes["metadata"] = msgspec.json.encode(named.metadata).decode()

    # --- turns ---

    def _turn_of(self, item_id: str, now: float) -> OpenSpan:
        """Return the turn of an item of the user; another than the one before is a new turn."""
        if self._turn is not None and self._turn.object_id == item_id:
            return self._turn
        before = self._turn
        self._turn = self._spans.begin("turn", item_id, now, self._session)
        self._turn.attributes["item_id"] = item_id
        self._turn.status = "unanswered"
        self._turn_has_response = False
        if before is not None:
            self._spans.end_after_children(before)
        return self._turn

    def _note_item(self, now: float, item: Item) -> None:
        match item:
            case Message(role="user", id=str() as item_id):
                # Several messages may be typed before an answer is asked for: one turn.
                if self._turn is None or self._turn_has_response:
                    self._turn_of(item_id, now)
            case FunctionCallOutput(call_id=call_id):
                self._spans.end("tool_call", call_id, now, "completed")
            case _:
                pass

    # --- responses ---

    def _note_response(self, now: float, response: Response) -> None:
        parent = self._session
        if response.conversation_id is not None:
            parent = self._turn or self._turn_of(response.id, now)  # asked for out of the blue
            parent.attributes["response_id"] = response.id
            self._turn_has_response = True
        span = self._spans.begin("response", response.id, now, parent)
        span.attributes["response_id"] = response.id
        span.attributes["modality"] = response.output_modalities[0]

    def _note_output(self, now: float, response_id: str) -> None:
        span = self._spans.find("response", response_id)
        if span is not None and "first_output_ms" not in span.attributes:
            span.attributes["first_output_ms"] = round((now - span.started) * 1000, 1)

    def _note_response_done(self, now: float, response: Response) -> None:
        self._tell("response", response.id, _outcome(response))
        failed = response.status == "failed"
        span = self._spans.find("response", response.id)
        if span is not None and span.parent is not None and span.parent.kind == "turn":
            span.parent.status, span.parent.failed = response.status, failed
        self._spans.end("response", response.id, now, response.status, failed=failed)

    def _note_output_item(
        self, now: float, event: ResponseOutputItemAdded | ResponseOutputItemDone
    ) -> None:
        is_done = isinstance(event, ResponseOutputItemDone)
        match event.item:
            case FunctionCall(name=name, call_id=str() as call_id, status="completed") if is_done:
                self._begin_call(now, call_id, name, event.response_id)
            case McpCall(name=name, id=str() as item_id, error=error):
                if is_done:
                    status = "completed" if error is None else "failed"
                    self._spans.end("tool_call", item_id, now, status, failed=error is not None)
                else:
                    self._begin_call(now, item_id, name, event.response_id)
            case _:
                pass

    def _begin_call(self, now: float, call_id: str, name: str, response_id: str) -> None:
        made_by = self._spans.find("response", response_id)
        parent = self._session if made_by is None else made_by.parent
        span = self._spans.begin("tool_call", call_id, now, parent, name=name)
        span.attributes.update(call_id=call_id, response_id=response_id)

    def _tell(self, kind: SpanKind, object_id: str, told: dict[str, AttributeValue]) -> None:
        if (span := self._spans.find(kind, object_id)) is not None:
            span.attributes.update(told)


def _attributes_of(trace: Trace) -> dict[str, AttributeValue]:
    attributes: dict[str, AttributeValue] = {
        "session_id": trace.session_id,
        "key": trace.key,
        "model": trace.model,
    }
    if trace.workflow_name is not None:
        attributes["workflow_name"] = trace.workflow_name
    if trace.group_id is not None:
        attributes["group_id"] = trace.group_id
    return attributes


def _outcome(response: Response) -> dict[str, AttributeValue]:
    outcome: dict[str, AttributeValue] = {}
    usage, details = response.usage, response.status_details
    if usage is not None:
        outcome |= {
            "input_tokens": usage.input_tokens,
            "cached_tokens": usage.input_token_details.cached_tokens,
            "output_tokens": usage.output_tokens,
        }
    if details is not None and isinstance(details.reason, str):
        outcome["reason"] = details.reason
    if details is not None and not isinstance(details.error, UnsetType):
        outcome["error_code"] = details.error.code or details.error.type
        outcome["error_message"] = details.error.message
    return outcome


def _given(name: str | UnsetType) -> str | None:
    return name if isinstance(name, str) else None
