"""A session that is told what the input lines of a transcript say."""

import json
from collections.abc import Callable, Mapping

import msgspec
import pybase64
from msgspec import UNSET

from vivavoce.core.inputs import (
    AudioHeard,
    ClientSent,
    Input,
    InterludeEnded,
    InterludeFailed,
    InterludeStarted,
    KeyHeard,
    PictureRead,
    PlaybackCleared,
    PlaybackEnded,
    PlaybackStarted,
    PlayedItem,
    ResponseFailed,
    ResponseProgress,
    SessionOpened,
    Tick,
    TokensCounted,
    TranscriptionFailed,
    TranscriptionProgress,
    TurnJudged,
)
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import JudgeTurn, Output, StartResponse
from vivavoce.core.session import Session
from vivavoce.errors import ProtocolError
from vivavoce.ids import counting_ids
from vivavoce.interfaces import (
    FRAME_MS,
    AudioDelta,
    Finished,
    GuardrailTripped,
    MalformedEvent,
    PhaseStarted,
    PictureReading,
    ResponseEvent,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
    TranscriptSoFar,
)
from vivavoce.media.formats import wire_bytes_per_ms
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.client_events import ClientEvent
from vivavoce.protocol.codec import decode_client_event
from vivavoce.protocol.session import StoredPrompt
from vivavoce.protocol.stored_prompts import PromptTemplate, prompt_named_by
from vivavoce.testing.tool_reports import check_server, tool_report
from vivavoce.testing.transcript_lines import Line, place, size_of

Decode = Callable[[bytes], ClientEvent]
OPENED_AT_S = 1_000
PROBABILITIES = {"speech": 0.9, "silence": 0.0}


class TranscriptSession:
    """Turns lines into inputs, and keeps what they leave unsaid: the clock, the formats."""

    def __init__(self, options: Mapping[str, object], decode: Decode = decode_client_event) -> None:
        """Make the session.

        Args:
            options: members of `SessionOptions`.
            decode: reads what the client sends; another one than GA's for another dialect.
        """
        self._decode = decode
        self._session = Session(
            msgspec.convert(options, SessionOptions),
            new_id=counting_ids(),
            check_server=check_server,
        )
        self._now = 0.0
        self._heard_ms = 0
        self._is_open = False
        self._bytes_per_ms: dict[str, int] = {}
        """Of the audio of each response."""
        self._prompts: list[PromptTemplate] = []
        self._pauses: dict[str, int] = {}
        """The moment at which each item's end of turn was asked for."""

    def take(self, line: Line) -> list[Output]:
        """Tell the session what a line says; return the outputs.

        Raises:
            ValueError: the line says nothing known.
        """
        outputs: list[Output] = []
        if not self._is_open:
            self._is_open = True
            opening = self._tell(SessionOpened(OPENED_AT_S))
            if line.words[:1] == ("opened",):
                return opening
        match line.mark, line.words:
            case "@", (str() as time,):
                outputs += self._let_pass(float(time.removesuffix("s")))
            case "~", (str() as kind, str() as length):
                outputs += self._hear(PROBABILITIES[kind], length)
            case "*", ("stored",):
                self._prompts.append(msgspec.convert(line.fields, PromptTemplate))
            case ">", _:
                outputs += self._tell(self._client_input(line))
            case _:
                for report in self._reports(line):
                    outputs += self._tell(report)
        return outputs

    def _tell(self, item: Input) -> list[Output]:
        outputs = self._session.handle(item, self._now)
        for output in outputs:
            if isinstance(output, StartResponse):
                rate = wire_bytes_per_ms(output.format)
                self._bytes_per_ms[output.request.response_id] = rate
            elif isinstance(output, JudgeTurn):
                self._pauses[output.item_id] = output.pause_ms
        return outputs

    def _let_pass(self, seconds: float) -> list[Output]:
        outputs: list[Output] = []
        until = round(self._now + seconds, 3)  # whole ms: sums of fractions would miss deadlines
        while (deadline := self._session.next_deadline) is not None and deadline <= until:
            self._now = max(self._now, deadline)
            outputs += self._tell(Tick())
        self._now = until
        return outputs

    def _hear(self, probability: float, length: str) -> list[Output]:
        outputs: list[Output] = []
        left_ms = (size_of(length) or 0) // BYTES_PER_MS
        while left_ms > 0:
            piece_ms = min(left_ms, FRAME_MS - self._heard_ms % FRAME_MS)
            left_ms -= piece_ms
            self._heard_ms += piece_ms
            outputs += self._let_pass(piece_ms / 1000)
            frames = (probability,) if self._heard_ms % FRAME_MS == 0 else ()
            outputs += self._tell(AudioHeard(bytes(piece_ms * BYTES_PER_MS), frames))
        return outputs

    def _client_input(self, line: Line) -> Input:
        text = line.text[1:] if not line.words else json.dumps(self._event(line))
        try:
            event = self._decode(text.encode())
            return ClientSent(event, self._find_prompt(prompt_named_by(event)))
        except ProtocolError as error:
            return MalformedEvent(error.message, error.code, error.param, error.event_id)

    def _find_prompt(self, named: StoredPrompt | None) -> PromptTemplate | None:
        """Return the newest of the stored prompts that an event may mean."""
        if named is None:
            return None
        return next(
            (
                prompt
                for prompt in reversed(self._prompts)
                if prompt.id == named.id and named.version in (UNSET, None, prompt.version)
            ),
            None,
        )

    def _event(self, line: Line) -> dict[str, object]:
        event: dict[str, object] = {"type": line.words[0]}
        for path, value in line.fields.items():
            if path.endswith("audio") and isinstance(value, str):
                n_bytes = size_of(value, wire_bytes_per_ms(self._session.input_format))
                value = value if n_bytes is None else pybase64.b64encode(bytes(n_bytes)).decode()
            place(event, path, value)
        return event

    def _reports(self, line: Line) -> list[Input]:  # noqa: C901 - one case a verb
        match line.words:
            case "interlude", str() as playback_id, str() as verb:
                return [_interlude(playback_id, verb, line.fields)]
            case "keys", str() as keys:
                return [KeyHeard(key, OPENED_AT_S) for key in keys]
            case str() as key, "read":
                reading = msgspec.convert(line.fields, PictureReading)
                return [PictureRead(key, reading)]
            case str() as key, "unread":
                return [PictureRead(key, None)]
            case str() as key, "counted", int() as n_tokens:
                return [TokensCounted(key, n_tokens)]
            case str() as item_id, "judged", float() as probability:
                return [TurnJudged(item_id, self._pauses.get(item_id, 0), probability)]
            case str() as item_id, ("listed" | "unlisted" | "returned" | "broke") as verb, *said:
                return [tool_report(item_id, verb, said, line.fields)]
            case str() as job_id, "failed", str() as code if job_id.startswith("resp"):
                return [ResponseFailed(job_id, "The engine failed.", code)]
            case str() as job_id, "refused", str() as kind:
                message, code = f"Rate limit reached on {kind} per minute.", "rate_limit_exceeded"
                return [ResponseFailed(job_id, message, code, kind=kind, was_started=False)]
            case str() as item_id, "failed", str() as code:
                return [TranscriptionFailed(item_id, "The engine failed.", code)]
            case str() as job_id, ("playing" | "played" | "cleared") as verb:
                return [_playback(job_id, verb, line.fields)]
            case str() as job_id, str() as verb, *values if job_id.startswith("resp"):
                events = self._response_events(job_id, verb, values, line.fields)
                return [ResponseProgress(job_id, event) for event in events]
            case str() as item_id, str() as verb, str() as text:
                progress = _transcription_event(verb, text, line.fields)
                return [TranscriptionProgress(item_id, progress)]
            case _:
                raise ValueError(f"not a report: {line.text}")

    def _response_events(
        self, job_id: str, verb: str, values: list[object], fields: Mapping[str, object]
    ) -> list[ResponseEvent]:
        match verb, values:
            case "text", [str() as text]:
                return [msgspec.convert({"type": "TextDelta", "text": text, **fields}, TextDelta)]
            case "audio", [str() as length]:
                return [AudioDelta(bytes(size_of(length, self._bytes_per_ms.get(job_id, 48)) or 0))]
            case "call", [str() as name, arguments]:
                text = json.dumps(arguments)
                return [ToolCallStarted(name), ToolCallDelta(text), ToolCallFinished()]
            case "call-started", [str() as name]:
                return [ToolCallStarted(name)]
            case "arguments", [str() as text]:
                return [ToolCallDelta(text)]
            case "call-finished", []:
                return [ToolCallFinished()]
            case "phase", [str() as phase]:
                return [PhaseStarted(phase)]
            case "tripped", [str() as name]:
                return [msgspec.convert({"guardrail": name, **fields}, GuardrailTripped)]
            case "finished", []:
                return [msgspec.convert({"type": "Finished", **fields}, Finished)]
            case _:
                raise ValueError(f"not a report of a responder: {verb} {values}")


def _playback(job_id: str, verb: str, played_ms: Mapping[str, object]) -> Input:
    match verb:
        case "playing":
            return PlaybackStarted(job_id)
        case "played":
            return PlaybackEnded(job_id)
        case _:
            items = (PlayedItem(item_id, int(str(ms))) for item_id, ms in played_ms.items())
            return PlaybackCleared(job_id, tuple(items))


def _interlude(playback_id: str, verb: str, fields: Mapping[str, object]) -> Input:
    if verb == "playing":
        return InterludeStarted(playback_id)
    if verb == "failed":
        return InterludeFailed(playback_id, "The engine failed.")
    report = {"type": "InterludeEnded", "playback_id": playback_id, "reason": verb, **fields}
    return msgspec.convert(report, InterludeEnded)


def _transcription_event(verb: str, text: str, fields: Mapping[str, object]) -> TranscriptionEvent:
    match verb:
        case "delta":
            return TranscriptDelta(text)
        case "hearing":
            return TranscriptSoFar(text)
        case "heard":
            return TranscriptSoFar(text, covers_pause=True)
        case "transcript":
            return msgspec.convert({"type": "Transcript", "text": text, **fields}, Transcript)
        case _:
            raise ValueError(f"not a report of a transcriber: {verb}")
