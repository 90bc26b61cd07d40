"""Sessions with their trace, told step by step."""

from collections.abc import Sequence

from vivavoce.core.inputs import (
    AudioHeard,
    ClientSent,
    Input,
    ResponseProgress,
    SessionOpened,
    TranscriptionProgress,
)
from vivavoce.core.options import SessionOptions
from vivavoce.core.session import Session
from vivavoce.ids import counting_ids
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
    Transcript,
)
from vivavoce.media.pcm import silence
from vivavoce.protocol.codec import decode_client_event
from vivavoce.records import Span
from vivavoce.runtime.span_queue import TraceRecord
from vivavoce.runtime.tracing import MAX_SPANS, SessionTrace

FRAME = silence(32).data
AUTO = '{"type": "session.update", "session": {"type": "realtime", "tracing": "auto"}}'
NAMED = (
    '{"type": "session.update", "session": {"type": "realtime", "tracing": '
    '{"workflow_name": "orders", "group_id": "g1", "metadata": {"shop": 7}}}}'
)
HELLO = (
    '{"type": "conversation.item.create", "item": {"type": "message", "role": "user", '
    '"content": [{"type": "input_text", "text": "Hello"}]}}'
)
OUTPUT = (
    '{"type": "conversation.item.create", "item": {"type": "function_call_output", '
    '"call_id": "call_1", "output": "sunny"}}'
)
CREATE = '{"type": "response.create"}'
ASIDE = '{"type": "response.create", "response": {"conversation": "none", "input": []}}'
WORDS = (TextDelta("Hi."), AudioDelta(silence(100).data), Finished())
CALL = (ToolCallStarted("look_up"), ToolCallDelta("{}"), ToolCallFinished(), Finished())


class Traced:
    """A session with its trace; every step takes 10 ms unless time passes before it."""

    def __init__(self, *, always: bool = False, max_spans: int = MAX_SPANS) -> None:
        self.session = Session(SessionOptions(prepare_after_ms=None), new_id=counting_ids())
        self.records: list[TraceRecord] = []
        self.now = 50.0
        self.trace = SessionTrace(
            "sess_1",
            "desk",
            "gpt-realtime",
            started=self.now,
            wall_ms_at_zero=1_000_000,
            put=self.records.append,
            always=always,
            max_spans=max_spans,
        )
        self.tell(SessionOpened(0))

    def tell(self, item: Input) -> None:
        self.now = round(self.now + 0.01, 3)
        self.trace.saw(self.now, item, self.session.handle(item, self.now))

    def send(self, *events: str) -> None:
        for event in events:
            self.tell(ClientSent(decode_client_event(event)))

    def report(self, response_id: str, events: Sequence[object]) -> None:
        for event in events:
            self.tell(ResponseProgress(response_id, event))  # type: ignore[arg-type]  # reports

    def hear(self, probability: float, ms: int) -> None:
        for _ in range(ms // 32):
            self.now = round(self.now + 0.022, 3)
            self.tell(AudioHeard(FRAME, (probability,)))

    def say(self, text: str, language: str | None = None) -> None:
        """Speak, fall silent for long enough to end the turn, and be transcribed."""
        self.hear(0.9, 640)
        self.hear(0.0, 512)
        self.tell(TranscriptionProgress("item_1", Transcript(text, language=language)))

    def pass_s(self, seconds: float) -> None:
        self.now += seconds

    def end(self) -> list[Span]:
        self.trace.ended(round(self.now + 0.01, 3))
        return self.spans

    @property
    def spans(self) -> list[Span]:
        return [record for record in self.records if isinstance(record, Span)]

    def one(self, kind: str) -> Span:
        (found,) = [span for span in self.spans if span.kind == kind]
        return found


def tree(spans: Sequence[Span]) -> list[str]:
    """Write every span as `parent > kind status`, in the order in which they ended."""
    kinds = {span.span_id: span.kind for span in spans}
    return [f"{kinds.get(span.parent_id or '', '-')} > {span.kind} {span.status}" for span in spans]
