"""Where the time of a turn goes, read off what a session is told and asks for.

All times are of arrival at this server: the network towards it and back is not in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from vivavoce.core.inputs import (
    AudioHeard,
    ClientSent,
    Input,
    ResponseProgress,
    TranscriptionProgress,
)
from vivavoce.core.outputs import CancelResponse, Output, Send, StartResponse
from vivavoce.interfaces import FRAME_MS, TextDelta, Transcript
from vivavoce.protocol.client_events import ResponseCreate
from vivavoce.protocol.response_events import (
    ResponseCreated,
    ResponseDone,
    ResponseOutputAudioDelta,
)
from vivavoce.protocol.server_events import (
    InputAudioBufferCommitted,
    InputAudioBufferSpeechStopped,
    ServerEvent,
)

SPEECH = 0.5
"""Probability from which a frame counts as speech, whatever the session's threshold."""
PAUSE_S = 0.5
"""Silence that separates two stretches of speech."""


@dataclass(frozen=True, slots=True)
class TurnTiming:
    """One answer; milliseconds from the end of the user's speech to each step.

    The end of speech is the end of the last frame with a probability of at least `SPEECH`. When
    nobody spoke, the client's request takes its place. Steps: `speech_stopped`, `transcript`,
    `response_created`, `first_token`, `first_audio` (handed to the connection).
    """

    response_id: str
    item_id: str | None
    marks: dict[str, float]


@dataclass(frozen=True, slots=True)
class BargeInTiming:
    """The user spoke during an answer, and it was stopped."""

    response_id: str
    stop_ms: float
    """From the first frame of speech to the order to stop."""


Timing = TurnTiming | BargeInTiming


@dataclass(slots=True)
class _Turn:
    """A turn whose answer has not begun to be heard."""

    item_id: str | None
    origin: float
    marks: dict[str, float] = field(default_factory=dict)
    response_id: str | None = None

    def mark(self, step: str, at: float) -> None:
        self.marks.setdefault(step, round((at - self.origin) * 1000, 1))


class TurnTimings:
    """Follows one session."""

    def __init__(self) -> None:
        self._speech_began = 0.0
        self._speech_ended: float | None = None
        self._turn: _Turn | None = None
        self._job_id = ""
        self._first_token: float | None = None
        self._timings: list[Timing] = []

    def saw(self, now: float, item: Input, outputs: Sequence[Output]) -> list[Timing]:
        """Take one step of the session; return what it completed."""
        self._timings = []
        self._note_input(now, item)
        for output in outputs:
            self._note_output(now, output)
        return self._timings

    def _note_input(self, now: float, item: Input) -> None:
        match item:
            case AudioHeard(_, probabilities):
                self._note_speech(now, probabilities)
            case ClientSent(ResponseCreate()) if self._turn is None:
                self._turn = _Turn(None, now)
            case TranscriptionProgress(item_id, Transcript()):
                if self._turn is not None and self._turn.item_id == item_id:
                    self._turn.mark("transcript", now)
            case ResponseProgress(job_id, TextDelta()):
                if job_id == self._job_id and self._first_token is None:
                    self._first_token = now
            case _:
                pass

    def _note_speech(self, now: float, probabilities: Sequence[float]) -> None:
        for index, probability in enumerate(probabilities, start=1 - len(probabilities)):
            if probability < SPEECH:
                continue
            ends = now + index * FRAME_MS / 1000
            if self._speech_ended is None or ends - self._speech_ended > PAUSE_S:
                self._speech_began = ends - FRAME_MS / 1000
            self._speech_ended = ends

    def _note_output(self, now: float, output: Output) -> None:
        match output:
            case Send(event):
                self._note_event(now, event)
            case StartResponse(request) if not request.prompt.out_of_band:
                self._job_id, self._first_token = request.response_id, None
            case CancelResponse(job_id) if job_id == self._job_id:
                self._job_id, self._first_token = "", None
            case _:
                pass

    def _note_event(self, now: float, event: ServerEvent) -> None:
        match event:
            case InputAudioBufferSpeechStopped():
                self._turn_of(event.item_id, now).mark("speech_stopped", now)
            case InputAudioBufferCommitted():
                self._turn_of(event.item_id, now)
            case ResponseCreated():
                self._note_response(now, event)
            case ResponseOutputAudioDelta():
                self._finish(now, event.response_id, "first_audio")
            case ResponseDone():
                self._note_done(now, event)
            case _:
                pass

    def _turn_of(self, item_id: str, now: float) -> _Turn:
        if self._turn is None or self._turn.item_id != item_id:
            origin = now if self._speech_ended is None else self._speech_ended
            self._turn = _Turn(item_id, origin)
        return self._turn

    def _note_response(self, now: float, event: ResponseCreated) -> None:
        # A response outside the conversation answers no turn.
        if self._turn is None or event.response.conversation_id is None:
            return
        self._turn.mark("response_created", now)
        self._turn.response_id = event.response.id

    def _note_done(self, now: float, event: ResponseDone) -> None:
        response = event.response
        details = response.status_details
        if details is not None and details.reason == "turn_detected":
            stop_ms = round((now - self._speech_began) * 1000, 1)
            self._timings.append(BargeInTiming(response.id, stop_ms))
        self._finish(now, response.id, None)

    def _finish(self, now: float, response_id: str, step: str | None) -> None:
        turn = self._turn
        if turn is None or turn.response_id != response_id:
            return
        if self._first_token is not None:
            turn.mark("first_token", self._first_token)
        if step is not None:
            turn.mark(step, now)
        self._timings.append(TurnTiming(response_id, turn.item_id, turn.marks))
        self._turn = None
