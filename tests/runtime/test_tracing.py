"""Which sessions have a trace, and what it says of the whole session."""

from tests.runtime.traced_sessions import ASIDE, AUTO, CALL, CREATE, HELLO, NAMED, WORDS, Traced
from vivavoce.interfaces import TextDelta
from vivavoce.records import Trace


def test_without_being_asked_nothing_is_kept() -> None:
    traced = Traced()

    traced.send(HELLO, CREATE)
    traced.report("resp_1", WORDS)

    traced.end()
    assert traced.records == []


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


def test_no_words_are_in_a_trace() -> None:
    traced = Traced()

    traced.send(AUTO)
    traced.say("my secret")
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
