from vivavoce.core.inputs import (
    ResponseFailed,
    ResponseProgress,
    Tick,
    TranscriptionFailed,
    TranscriptionProgress,
)
from vivavoce.core.outputs import EndTranscription, FeedTranscription, Send, StartResponse
from vivavoce.interfaces import AudioDelta, Finished, Prompt, ResponseRequest, Transcript
from vivavoce.media.pcm import silence
from vivavoce.protocol.audio_settings import PcmFormat
from vivavoce.protocol.server_events import ErrorDetail, ErrorEvent
from vivavoce.runtime.metrics import Metrics
from vivavoce.runtime.turn_timing import BargeInTiming, TurnTiming


def test_sessions_are_counted_from_start_to_end() -> None:
    metrics = Metrics()
    first, _ = metrics.of_session(), metrics.of_session()

    first.ended(1.0)

    assert b"vivavoce_sessions_open 1.0" in metrics.text()
    assert b"vivavoce_sessions_total 2.0" in metrics.text()


def test_errors_and_failures_are_counted_by_code() -> None:
    metrics = Metrics()
    session = metrics.of_session()
    error = ErrorEvent(event_id="event_1", error=ErrorDetail(code="invalid_value", message="no"))

    session.saw(1.0, Tick(), [Send(error)])
    session.saw(1.0, ResponseFailed("resp_1", "gone", "engine_stalled"), [])
    session.saw(1.0, TranscriptionFailed("item_1", "gone", "engine_error"), [])

    text = metrics.text().decode()
    assert 'vivavoce_errors_total{code="invalid_value"} 1.0' in text
    assert 'vivavoce_engine_failures_total{code="engine_stalled",engine="responder"} 1.0' in text
    assert 'vivavoce_engine_failures_total{code="engine_error",engine="transcriber"} 1.0' in text


def test_the_pace_of_an_answer_is_its_time_by_its_length() -> None:
    metrics = Metrics()
    session = metrics.of_session()
    request = ResponseRequest(response_id="job_1", prompt=Prompt(session_id="s"))

    session.saw(1.0, Tick(), [StartResponse(request, PcmFormat())])
    session.saw(1.5, ResponseProgress("job_1", AudioDelta(silence(2000).data)), [])
    session.saw(2.0, ResponseProgress("job_1", Finished()), [])

    assert b"vivavoce_answer_real_time_factor_sum 0.5" in metrics.text()


def test_a_transcript_is_timed_from_the_end_of_its_audio() -> None:
    metrics = Metrics()
    session = metrics.of_session()

    session.saw(1.0, Tick(), [FeedTranscription("item_1", silence(3000).data)])
    session.saw(2.0, Tick(), [EndTranscription("item_1")])
    session.saw(2.25, TranscriptionProgress("item_1", Transcript("hello")), [])

    assert b"vivavoce_transcript_seconds_sum 0.25" in metrics.text()
    assert b"vivavoce_transcriber_audio_seconds_total 3.0" in metrics.text()


def test_timings_are_seconds() -> None:
    metrics = Metrics()
    session = metrics.of_session()

    session.timed(TurnTiming("resp_1", "item_1", {"speech_stopped": 500, "first_audio": 750}))
    session.timed(TurnTiming("resp_2", None, {"first_audio": 100}))
    session.timed(BargeInTiming("resp_1", 96))

    text = metrics.text()
    assert b"vivavoce_first_audio_seconds_sum 0.75" in text
    assert b"vivavoce_turn_end_seconds_sum 0.5" in text
    assert b"vivavoce_barge_in_stop_seconds_sum 0.096" in text
