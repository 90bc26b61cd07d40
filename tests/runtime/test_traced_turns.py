"""The spans of turns: what belongs to one, how long it lasts and how it ends."""

import pytest

from tests.runtime.traced_sessions import (
    ASIDE,
    AUTO,
    CALL,
    CREATE,
    HELLO,
    OUTPUT,
    WORDS,
    Traced,
    tree,
)
from vivavoce.core.inputs import ResponseFailed, TranscriptionFailed
from vivavoce.runtime.turn_timing import BargeInTiming, TurnTiming


def test_a_typed_turn_with_its_response() -> None:
    traced = Traced()

    traced.send(AUTO, HELLO, CREATE)
    traced.report("resp_1", WORDS)

    assert tree(traced.end()) == [
        "turn > response completed",
        "session > turn completed",
        "- > session completed",
    ]


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
    traced.say("Hello", language="en")
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
    traced.say("Hello")
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
