"""Numbers for operators (Prometheus), computed by looking on. Served at `/metrics`.

Measured where the runner stands: "first audio" is handed to the connection, not yet heard; and an
answer's pace includes waiting for a client that takes it slowly.
"""

from collections.abc import Sequence
from typing import assert_never

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from vivavoce.core.inputs import (
    AudioHeard,
    Input,
    ResponseFailed,
    ResponseProgress,
    TranscriptionFailed,
    TranscriptionProgress,
    TranslationFailed,
)
from vivavoce.core.outputs import (
    CancelResponse,
    CancelTranscription,
    EndTranscription,
    FeedTranscription,
    Output,
    Send,
    StartResponse,
    TurnEnded,
)
from vivavoce.core.tool_orders import CallTool
from vivavoce.interfaces import SIDEBANDS, AudioDelta, Finished, Transcript
from vivavoce.media.formats import wire_bytes_per_ms
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.extensions import VivavoceGuardrailTripped
from vivavoce.protocol.response_events import (
    ResponseDone,
    ResponseMcpCallCompleted,
    ResponseMcpCallFailed,
)
from vivavoce.protocol.server_events import ErrorEvent
from vivavoce.runtime.turn_timing import BargeInTiming, Timing, TurnTiming

WAIT_BUCKETS_S = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
STOP_BUCKETS_S = (0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0)
LAG_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
FACTOR_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0, 1.2, 1.5, 2.0, 4.0)
SHORTEST_ANSWER_MS = 1000
"""Shorter answers say nothing of the pace of an engine: the wait for their start outweighs it."""


class Metrics:
    """All numbers of one server, in a registry of their own."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self._registry = registry
        self.sessions_open = Gauge(
            "vivavoce_sessions_open", "Sessions that are open.", registry=registry
        )
        self.sessions = Counter(
            "vivavoce_sessions", "Sessions that were opened.", registry=registry
        )
        self.refused = Counter(
            "vivavoce_refused", "Requests refused at the door.", ["code"], registry=registry
        )
        self.first_audio_s = Histogram(
            "vivavoce_first_audio_seconds",
            "From the end of the user's speech to the first audio handed to the connection.",
            buckets=WAIT_BUCKETS_S,
            registry=registry,
        )
        self.turn_end_s = Histogram(
            "vivavoce_turn_end_seconds",
            "From the end of the user's speech to speech_stopped.",
            buckets=WAIT_BUCKETS_S,
            registry=registry,
        )
        self.barge_in_s = Histogram(
            "vivavoce_barge_in_stop_seconds",
            "From the first frame of the user's speech to the end of the answer it stopped.",
            buckets=STOP_BUCKETS_S,
            registry=registry,
        )
        self.transcript_s = Histogram(
            "vivavoce_transcript_seconds",
            "From the end of the audio of an item to its transcript.",
            buckets=WAIT_BUCKETS_S,
            registry=registry,
        )
        self.answer_factor = Histogram(
            "vivavoce_answer_real_time_factor",
            "Time to make a spoken answer, divided by its length.",
            buckets=FACTOR_BUCKETS,
            registry=registry,
        )
        self.transcribed_s = Counter(
            "vivavoce_transcriber_audio_seconds",
            "Audio given to the transcriber.",
            registry=registry,
        )
        self.errors = Counter(
            "vivavoce_errors", "Error events sent, by code.", ["code"], registry=registry
        )
        self.responses = Counter(
            "vivavoce_responses", "Responses, by how they ended.", ["status"], registry=registry
        )
        self.turns = Counter(
            "vivavoce_turns", "Turns of users, by why they ended.", ["reason"], registry=registry
        )
        self.guardrails_tripped = Counter(
            "vivavoce_guardrails_tripped",
            "Answers that a guard rail stopped.",
            ["guardrail"],
            registry=registry,
        )
        self.engine_failures = Counter(
            "vivavoce_engine_failures",
            "Answers and transcriptions that failed.",
            ["engine", "code"],
            registry=registry,
        )
        self.tool_s = Histogram(
            "vivavoce_tool_call_seconds",
            "From the call of a tool that the server runs to its end, by how it ended.",
            ["status"],
            buckets=WAIT_BUCKETS_S,
            registry=registry,
        )
        self.loop_lag_s = Histogram(
            "vivavoce_event_loop_lag_seconds",
            "How late the event loop comes to what is due.",
            buckets=LAG_BUCKETS_S,
            registry=registry,
        )

    def text(self) -> bytes:
        """Return all numbers in Prometheus' text format, version 0.0.4."""
        return generate_latest(self._registry)

    def of_session(self) -> "SessionMetrics":
        """Return the observer of a session that begins now."""
        return SessionMetrics(self)


class _Answer:
    """A spoken answer in the making."""

    def __init__(self, order: StartResponse, now: float) -> None:
        self.started = now
        self.bytes_per_ms = wire_bytes_per_ms(order.format)
        self.n_bytes = 0


class SessionMetrics:
    """Observer of one session."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._answers: dict[str, _Answer] = {}
        self._transcripts_due: dict[str, float] = {}
        self._tools_called: dict[str, float] = {}
        metrics.sessions.inc()
        metrics.sessions_open.inc()

    def saw(self, now: float, item: Input, outputs: Sequence[Output]) -> None:
        """See `Observer`."""
        if not isinstance(item, AudioHeard):  # the most frequent by far
            self._note_input(now, item)
        for output in outputs:
            self._note_output(now, output)

    def timed(self, timing: Timing) -> None:
        """See `Observer`."""
        match timing:
            case BargeInTiming():
                self._metrics.barge_in_s.observe(timing.stop_ms / 1000)
            case TurnTiming(_, item_id, marks):
                if item_id is not None and "first_audio" in marks:
                    self._metrics.first_audio_s.observe(marks["first_audio"] / 1000)
                if "speech_stopped" in marks:
                    self._metrics.turn_end_s.observe(marks["speech_stopped"] / 1000)
            case _:
                assert_never(timing)

    def ended(self, now: float) -> None:
        """See `Observer`."""
        self._metrics.sessions_open.dec()

    def _note_input(self, now: float, item: Input) -> None:
        match item:
            case ResponseProgress(response_id, AudioDelta(data)):
                if (answer := self._answers.get(response_id)) is not None:
                    answer.n_bytes += len(data)
            case ResponseProgress(response_id, Finished()):
                self._note_answer(now, response_id)
            case ResponseFailed(response_id, _, code, was_started=was_started):
                self._answers.pop(response_id, None)
                if was_started:
                    self._metrics.engine_failures.labels("responder", code).inc()
            case TranscriptionProgress(item_id, Transcript()):
                if (due := self._transcripts_due.pop(item_id, None)) is not None:
                    self._metrics.transcript_s.observe(now - due)
            case TranscriptionFailed(item_id, _, code):
                self._transcripts_due.pop(item_id, None)
                self._metrics.engine_failures.labels("transcriber", code).inc()
            case TranslationFailed(_, _, code):
                self._metrics.engine_failures.labels("interpreter", code).inc()
            case _:
                pass

    def _note_output(self, now: float, output: Output) -> None:  # noqa: C901 - one case an output
        match output:
            case StartResponse() if not output.prepared:
                # A prepared answer waits for its release: its time says nothing of the engine.
                self._answers[output.request.response_id] = _Answer(output, now)
            case CancelResponse(response_id):
                self._answers.pop(response_id, None)
            case FeedTranscription(_, data):
                self._metrics.transcribed_s.inc(len(data) / BYTES_PER_MS / 1000)
            case EndTranscription(item_id):
                self._transcripts_due[item_id] = now
            case CancelTranscription(item_id):
                self._transcripts_due.pop(item_id, None)
            case CallTool(item_id):
                self._tools_called[item_id] = now
            case Send(ResponseMcpCallCompleted(item_id=item_id)):
                self._note_tool(now, item_id, "completed")
            case Send(ResponseMcpCallFailed(item_id=item_id)):
                self._note_tool(now, item_id, "failed")
            case TurnEnded(reason=reason):
                self._metrics.turns.labels(reason).inc()
            case Send(VivavoceGuardrailTripped(guardrail=name), to) if to != SIDEBANDS:
                self._metrics.guardrails_tripped.labels(name).inc()
            case Send(ErrorEvent(error=error)):
                self._metrics.errors.labels(error.code or error.type).inc()
            case Send(ResponseDone(response=response)):
                self._metrics.responses.labels(response.status).inc()
            case _:
                pass

    def _note_tool(self, now: float, item_id: str, status: str) -> None:
        called = self._tools_called.pop(item_id, None)
        if called is not None:  # else it was not approved, or cut off
            self._metrics.tool_s.labels(status).observe(now - called)

    def _note_answer(self, now: float, response_id: str) -> None:
        answer = self._answers.pop(response_id, None)
        if answer is None:
            return
        audio_ms = answer.n_bytes / answer.bytes_per_ms
        if audio_ms >= SHORTEST_ANSWER_MS:
            self._metrics.answer_factor.observe((now - answer.started) * 1000 / audio_ms)
