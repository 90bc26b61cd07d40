"""The spans of real sessions, told step by step."""

from collections.abc import Sequence

import pytest

from vivavoce.core.inputs import (
    AudioHeard,
    ClientSent,
    Input,
    ResponseFailed,
    ResponseProgress,
    SessionOpened,
    TranscriptionFailed,
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
from vivavoce.records import Span, Trace
from vivavoce.runtime.span_queue import TraceRecord
from vivavoce.runtime.tracing import MAX_SPANS, SessionTrace
from vivavoce.runtime.turn_timing import BargeInTiming, TurnTiming

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


def test_without_being_asked_nothing_is_kept() -> None:
    traced = Traced()

    traced.send(HELLO, CREATE)
    traced.report("resp_1", WORDS)

    traced.end()
    assert traced.records == []


def test_a_typed_turn_with_its_response() -> None:
    traced = Traced()

    traced.send(AUTO, HELLO, CREATE)
    traced.report("resp_1", WORDS)

    assert tree(traced.end()) == [
        "turn > response completed",
        "session > turn completed",
        "- > session completed",
    ]


def test_the_trace_begins_with_the_names_that_the_client_gave() -> None:
    traced = Traced()

    traced.send(NAMED)
    traced.end()

    trace = traced.records[0]
    assert isinstance(trace, Trace)
    assert (trace.workflow_name, trace.group_id, trace.key) == ("orders", "g1", "desk")
    assert trace.started_ms == 1_050_000
    assert traced.one("session").attributes == {
        "session_id": "sess_1",
        "key": "desk",
        "model": "gpt-realtime",
        "workflow_name": "orders",
        "group_id": "g1",
        "metadata": '{"shop":7}',
    }


def test_the_session_lasts_from_its_beginning_even_where_tracing_was_asked_for_later() -> None:
    traced = Traced()

    traced.pass_s(1)
    traced.send(AUTO)
    traced.end()

    session = traced.one("session")
    assert (session.started_ms, session.ended_ms) == (1_050_000, 1_051_030)


def test_an_operator_may_trace_whoever_does_not_ask() -> None:
    traced = Traced(always=True)

    traced.send(HELLO, CREATE)
    traced.report("resp_1", WORDS)

    assert len(traced.end()) == 3


def test_asking_again_is_no_second_trace() -> None:
    traced = Traced()

    traced.send(AUTO, AUTO)

    assert len(traced.records) == 1


def test_a_response_tells_its_cost_and_when_its_first_output_came() -> None:
    traced = Traced()

    traced.send(AUTO, HELLO, CREATE)
    traced.pass_s(0.5)
    traced.report("resp_1", WORDS)

    response = traced.one("response")
    assert response.attributes["response_id"] == "resp_1"
    assert response.attributes["modality"] == "audio"
    assert response.attributes["first_output_ms"] == pytest.approx(520)
    assert response.attributes["output_tokens"] == 3
    assert response.ended_ms - response.started_ms == pytest.approx(530)


def test_a_spoken_turn_holds_transcription_and_response() -> None:
    traced = Traced()

    traced.send(AUTO)
    traced.hear(0.9, 640)
    traced.hear(0.0, 512)
    traced.tell(TranscriptionProgress("item_1", Transcript("Hello", language="en")))
    traced.report("resp_1", WORDS)

    spans = traced.end()
    assert tree(spans) == [
        "turn > transcription completed",
        "turn > response completed",
        "session > turn completed",
        "- > session completed",
    ]
    transcription = traced.one("transcription")
    assert transcription.attributes["language"] == "en"
    assert transcription.attributes["audio_ms"] == pytest.approx(1152)
    assert traced.one("turn").attributes["item_id"] == "item_1"


def test_a_turn_ends_with_the_last_of_what_belongs_to_it_not_with_the_next_turn() -> None:
    traced = Traced()

    traced.send(AUTO, HELLO, CREATE)
    traced.report("resp_1", WORDS)
    answered = traced.one("response").ended_ms
    traced.pass_s(60)
    traced.send(HELLO)

    assert traced.one("turn").ended_ms == answered


def test_messages_typed_before_an_answer_are_one_turn() -> None:
    traced = Traced()

    traced.send(AUTO, HELLO, HELLO, CREATE)
    traced.report("resp_1", WORDS)
    traced.end()

    assert traced.one("turn").attributes["item_id"] == "item_1"


def test_a_tool_call_lasts_until_its_output_and_the_turn_goes_on_behind_it() -> None:
    traced = Traced()

    traced.send(AUTO, HELLO, CREATE)
    traced.report("resp_1", CALL)
    traced.pass_s(2)
    traced.send(OUTPUT, CREATE)
    traced.report("resp_2", WORDS)

    assert tree(traced.end()) == [
        "turn > response completed",
        "turn > tool_call completed",
        "turn > response completed",
        "session > turn completed",
        "- > session completed",
    ]
    call = traced.one("tool_call")
    assert call.name == "look_up"
    assert call.attributes == {"call_id": "call_1", "response_id": "resp_1"}
    assert call.ended_ms - call.started_ms == pytest.approx(2020)


def test_a_call_without_an_output_ends_with_the_session() -> None:
    traced = Traced()

    traced.send(AUTO, HELLO, CREATE)
    traced.report("resp_1", CALL)
    traced.send(HELLO, CREATE)
    traced.report("resp_2", WORDS)

    assert tree(traced.end()) == [
        "turn > response completed",
        "turn > response completed",
        "turn > tool_call unanswered",
        "session > turn completed",
        "session > turn completed",
        "- > session completed",
    ]


def test_a_turn_that_was_interrupted_is_cancelled_and_the_next_one_is_its_own() -> None:
    traced = Traced()

    traced.send(AUTO)
    traced.hear(0.9, 640)
    traced.hear(0.0, 512)
    traced.tell(TranscriptionProgress("item_1", Transcript("Hello")))
    traced.report("resp_1", WORDS[:2])
    traced.hear(0.9, 640)

    assert tree(traced.end()) == [
        "turn > transcription completed",
        "turn > response cancelled",
        "session > turn cancelled",
        "turn > transcription cancelled",
        "session > turn unanswered",
        "- > session completed",
    ]


def test_a_failed_response_says_why_and_fails_its_turn() -> None:
    traced = Traced()

    traced.send(AUTO, HELLO, CREATE)
    traced.tell(ResponseFailed("resp_1", "It broke.", "engine_error"))
    traced.end()

    response, turn = traced.one("response"), traced.one("turn")
    assert response.failed
    assert response.attributes["error_code"] == "engine_error"
    assert response.attributes["error_message"] == "It broke."
    assert (turn.status, turn.failed) == ("failed", True)


def test_a_failed_transcription_says_why() -> None:
    traced = Traced()

    traced.send(AUTO)
    traced.hear(0.9, 640)
    traced.tell(TranscriptionFailed("item_1", "Too quiet.", "audio_unintelligible"))

    transcription = traced.one("transcription")
    assert (transcription.status, transcription.failed) == ("failed", True)
    assert transcription.attributes["error_code"] == "audio_unintelligible"


def test_a_response_out_of_band_belongs_to_no_turn() -> None:
    traced = Traced()

    traced.send(AUTO, ASIDE)
    traced.report("resp_1", WORDS)

    assert tree(traced.end()) == ["session > response completed", "- > session completed"]


def test_an_answer_asked_for_out_of_the_blue_is_a_turn() -> None:
    traced = Traced()

    traced.send(AUTO, CREATE)
    traced.report("resp_1", WORDS)

    assert tree(traced.end())[1] == "session > turn completed"


def test_what_goes_on_when_the_session_ends_is_cancelled() -> None:
    traced = Traced()

    traced.send(AUTO, HELLO, CREATE)
    traced.report("resp_1", WORDS[:1])

    assert tree(traced.end())[0] == "turn > response cancelled"


def test_the_timing_of_a_turn_stands_with_it() -> None:
    traced = Traced()

    traced.send(AUTO, HELLO, CREATE)
    traced.trace.timed(TurnTiming("resp_1", None, {"first_audio": 480.0}))
    traced.trace.timed(TurnTiming("resp_9", None, {"first_audio": 1.0}))
    traced.trace.timed(BargeInTiming("resp_1", 30.0))
    traced.end()

    assert traced.one("turn").attributes["first_audio_ms"] == 480.0


def test_no_words_are_in_a_trace() -> None:
    traced = Traced()

    traced.send(AUTO)
    traced.hear(0.9, 640)
    traced.hear(0.0, 512)
    traced.tell(TranscriptionProgress("item_1", Transcript("my secret")))
    traced.report("resp_1", (TextDelta("your secret"), *CALL))

    assert "secret" not in str(traced.end())


def test_ids_repeat_with_the_session_and_are_those_of_opentelemetry() -> None:
    first, second = Traced(), Traced()
    for traced in (first, second):
        traced.send(AUTO, HELLO, CREATE)
        traced.report("resp_1", WORDS)
        traced.end()

    assert [span.span_id for span in first.spans] == [span.span_id for span in second.spans]
    assert len({span.span_id for span in first.spans}) == 3
    assert all(len(span.span_id) == 16 and len(span.trace_id) == 32 for span in first.spans)


def test_a_session_without_end_keeps_no_more_than_its_share() -> None:
    traced = Traced(max_spans=3)

    traced.send(AUTO)
    for number in range(1, 5):
        traced.send(ASIDE)
        traced.report(f"resp_{number}", WORDS)
    traced.end()

    assert [span.kind for span in traced.spans] == ["response"] * 3 + ["session"]
    assert traced.one("session").attributes["spans_not_kept"] == 1
