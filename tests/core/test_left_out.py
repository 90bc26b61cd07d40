"""What the engines cannot do is refused by name, or visibly left out: the operator says which."""

from msgspec import UNSET

from vivavoce.core.inputs import ClientSent, SessionOpened
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import LeaveOut, Output, Send, StartResponse
from vivavoce.core.session import Session
from vivavoce.ids import seeded_ids
from vivavoce.protocol.codec import decode_client_event
from vivavoce.protocol.server_events import ErrorEvent, ServerEvent, SessionUpdated
from vivavoce.protocol.session import RealtimeSession


def outputs_of(options: SessionOptions, *events: str) -> list[Output]:
    session = Session(options, new_id=seeded_ids(1))
    session.handle(SessionOpened(wall_s=0), 0.0)
    return [
        output
        for event in events
        for output in session.handle(ClientSent(decode_client_event(event.encode())), 0.0)
    ]


def sent(outputs: list[Output]) -> list[ServerEvent]:
    return [output.event for output in outputs if isinstance(output, Send)]


def updated(outputs: list[Output]) -> RealtimeSession:
    (event,) = sent(outputs)
    assert isinstance(event, SessionUpdated)
    assert isinstance(event.session, RealtimeSession)
    return event.session


def update(members: str) -> str:
    return f'{{"type": "session.update", "session": {{"type": "realtime", {members}}}}}'


HARD = update('"reasoning": {"effort": "high"}')
PROMPT = update(
    '"audio": {"input": {"transcription": {"model": "whisper-1", "prompt": "Vivavoce"}}}'
)
RESPOND = '{"type": "response.create", "response": {"reasoning": {"effort": "high"}}}'


def test_reasoning_is_left_out_of_the_echo_where_the_model_does_not_reason() -> None:
    outputs = outputs_of(SessionOptions(), HARD)
    assert updated(outputs).reasoning is UNSET
    assert LeaveOut(("reasoning",)) in outputs


def test_the_log_is_told_once() -> None:
    outputs = outputs_of(SessionOptions(), HARD, HARD)
    assert outputs.count(LeaveOut(("reasoning",))) == 1


def test_reasoning_is_refused_by_name_where_the_operator_wants_it() -> None:
    (error,) = sent(outputs_of(SessionOptions(leave_out=()), HARD))
    assert isinstance(error, ErrorEvent)
    assert error.error.param == "session.reasoning"


def test_reasoning_reaches_a_model_that_reasons() -> None:
    options = SessionOptions(reasoning_efforts=("low", "high"))
    outputs = outputs_of(options, HARD, '{"type": "response.create"}')
    (start,) = (output for output in outputs if isinstance(output, StartResponse))
    assert start.request.prompt.reasoning_effort == "high"


def test_a_response_may_think_harder_than_its_session() -> None:
    outputs = outputs_of(SessionOptions(reasoning_efforts=("low", "high")), RESPOND)
    (start,) = (output for output in outputs if isinstance(output, StartResponse))
    assert start.request.prompt.reasoning_effort == "high"


def test_a_response_is_refused_what_the_operator_does_not_leave_out() -> None:
    (error,) = sent(outputs_of(SessionOptions(leave_out=()), RESPOND))
    assert isinstance(error, ErrorEvent)
    assert error.error.param == "response.reasoning"


def test_hints_to_the_transcriber_may_be_left_out_too() -> None:
    path = "audio.input.transcription.prompt"
    outputs = outputs_of(SessionOptions(leave_out=(path,)), PROMPT)
    asked = updated(outputs).audio.input.transcription
    assert asked is not None
    assert asked.model == "whisper-1"
    assert asked.prompt is UNSET
    assert LeaveOut((path,)) in outputs


def test_hints_to_the_transcriber_are_refused_otherwise() -> None:
    (error,) = sent(outputs_of(SessionOptions(), PROMPT))
    assert isinstance(error, ErrorEvent)
    assert error.error.param == "session.audio.input.transcription.prompt"


def test_one_call_at_a_time_where_the_client_wants_it() -> None:
    outputs = outputs_of(
        SessionOptions(), update('"parallel_tool_calls": false'), '{"type": "response.create"}'
    )
    (start,) = (output for output in outputs if isinstance(output, StartResponse))
    assert not start.request.prompt.parallel_tool_calls
