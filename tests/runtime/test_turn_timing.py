import pytest

from vivavoce.core.inputs import (
    AudioHeard,
    ClientSent,
    Input,
    ResponseProgress,
    Tick,
    TranscriptionProgress,
)
from vivavoce.core.outputs import Output, Send, StartResponse
from vivavoce.interfaces import Prompt, ResponseRequest, TextDelta, Transcript
from vivavoce.protocol.audio_settings import PcmFormat
from vivavoce.protocol.client_events import ResponseCreate
from vivavoce.protocol.response import Response, ResponseAudio, ResponseAudioOutput, StatusDetails
from vivavoce.protocol.response_events import (
    ResponseCreated,
    ResponseDone,
    ResponseOutputAudioDelta,
)
from vivavoce.protocol.server_events import InputAudioBufferSpeechStopped
from vivavoce.runtime.turn_timing import BargeInTiming, Timing, TurnTiming, TurnTimings


def response(conversation_id: str | None = "conv_1") -> Response:
    audio = ResponseAudio(output=ResponseAudioOutput(format=PcmFormat(), voice="alloy"))
    return Response(
        id="resp_1",
        status="in_progress",
        conversation_id=conversation_id,
        output_modalities=("audio",),
        audio=audio,
    )


def cancelled() -> Send:
    details = StatusDetails(type="cancelled", reason="turn_detected")
    done = Response(
        id="resp_1",
        status="cancelled",
        status_details=details,
        output_modalities=("audio",),
        audio=response().audio,
    )
    return Send(ResponseDone(event_id="event_9", response=done))


CREATED = Send(ResponseCreated(event_id="event_1", response=response()))
OUT_OF_BAND = Send(ResponseCreated(event_id="event_1", response=response(None)))
FIRST_AUDIO = Send(
    ResponseOutputAudioDelta(
        event_id="event_2",
        response_id="resp_1",
        item_id="item_2",
        output_index=0,
        content_index=0,
        delta=b"",
    )
)
STOPPED = Send(
    InputAudioBufferSpeechStopped(event_id="event_3", audio_end_ms=1000, item_id="item_1")
)
JOB = StartResponse(
    ResponseRequest(response_id="job_1", prompt=Prompt(session_id="s")), PcmFormat()
)

Step = tuple[float, Input, list[Output]]


def run(*steps: Step) -> list[Timing]:
    timings = TurnTimings()
    return [timing for step in steps for timing in timings.saw(*step)]


def test_marks_count_from_the_end_of_the_last_frame_of_speech() -> None:
    (timing,) = run(
        (10.0, AudioHeard(b"", (0.9, 0.9, 0.1, 0.1)), []),  # speech ended 64 ms before
        (10.436, AudioHeard(b"", (0.1,)), [STOPPED, CREATED]),
        (10.536, TranscriptionProgress("item_1", Transcript("hello")), [JOB]),
        (10.636, ResponseProgress("job_1", TextDelta("Hi")), []),
        (10.736, Tick(), [FIRST_AUDIO]),
        (10.836, Tick(), [FIRST_AUDIO]),
    )

    assert isinstance(timing, TurnTiming)
    assert timing.item_id == "item_1"
    assert timing.marks == pytest.approx(
        {
            "speech_stopped": 500,
            "response_created": 500,
            "transcript": 600,
            "first_token": 700,
            "first_audio": 800,
        }
    )


def test_without_speech_marks_count_from_the_request() -> None:
    (timing,) = run(
        (10.0, ClientSent(ResponseCreate()), [CREATED, JOB]),
        (10.25, Tick(), [FIRST_AUDIO]),
    )

    assert isinstance(timing, TurnTiming)
    assert timing.item_id is None
    assert timing.marks == pytest.approx({"response_created": 0, "first_audio": 250})


def test_an_answer_outside_the_conversation_is_not_timed() -> None:
    assert not run((10.0, Tick(), [STOPPED, OUT_OF_BAND]), (11.0, Tick(), [FIRST_AUDIO]))


def test_stopping_an_answer_counts_from_the_first_frame_of_the_speech_that_did_it() -> None:
    (timing,) = run(
        (5.0, AudioHeard(b"", (0.9,)), []),
        (10.0, AudioHeard(b"", (0.1, 0.9)), []),
        (10.032, AudioHeard(b"", (0.9,)), [cancelled()]),
    )

    assert isinstance(timing, BargeInTiming)
    assert timing.stop_ms == pytest.approx(64.0)
