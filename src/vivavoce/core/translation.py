"""The translation session: one door to the rules, like `core.session.Session`.

Sound comes in without end, translated sound and both transcripts go out; there are no turns, items
or responses. Source: protocol reference, "Translation session" (50-flows, section 16).
"""

from typing import assert_never

from msgspec import structs

from vivavoce.core.inputs import (
    AudioHeard,
    Input,
    SessionOpened,
    Tick,
    TranscriptionFailed,
    TranscriptionProgress,
    TranslationClientSent,
    TranslationFailed,
    TranslationProgress,
)
from vivavoce.core.interpreting import Interpreting
from vivavoce.core.listening import Listening, UtteranceBegan, UtteranceEnded
from vivavoce.core.outputs import Close, Output, Send, StartTranscription
from vivavoce.core.source_transcript import SourceTranscript
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.core.translation_settings import initial_translation_session, merge_translation
from vivavoce.errors import ProtocolError
from vivavoce.ids import NewId
from vivavoce.interfaces import MalformedEvent, TranscriptionHints
from vivavoce.protocol.audio_settings import AudioFormat, NoiseReduction, PcmFormat
from vivavoce.protocol.client_events import SessionClose, TranslationUpdate
from vivavoce.protocol.server_events import (
    ErrorDetail,
    ErrorEvent,
    ServerEvent,
    SessionClosed,
    SessionCreated,
    SessionInputTranscriptDelta,
    SessionOutputAudioDelta,
    SessionOutputTranscriptDelta,
    SessionUpdated,
)

STEP_MS = 200
"""`elapsed_ms` advances by so much at a time."""
ENGINE_FAULT = "server_error"
"""The wire's `error.type` for an utterance that an engine lost."""


class TranslationRules:
    """The rules for one client."""

    def __init__(
        self,
        options: TranslationOptions,
        *,
        new_id: NewId,
    ) -> None:
        """Begin a session.

        Args:
            options: what the operator and the engines set.
            new_id: makes every id of the session.
        """
        self._options = options
        self._new_id = new_id
        self.session_id = new_id("sess")
        self._settings = initial_translation_session(options, self.session_id, 0)
        self._outputs: list[Output] = []
        self._listening = Listening(options.silence_duration_ms, options.pause_after_ms, self._emit)
        self._transcript = SourceTranscript(self._send_source_text)
        self._interpreting = Interpreting(
            self.session_id,
            options.voice,
            needs_transcript=options.needs_transcript,
            emit=self._emit,
            send_text=self._send_text,
            send_audio=self._send_audio,
        )
        self._utterance_id = ""
        """Of the utterance under way."""
        self._is_closing = False
        self._is_closed = False
        self._expires_at: float | None = None

    @property
    def next_deadline(self) -> float | None:
        """Monotonic time in seconds at which the session expires."""
        return self._expires_at

    @property
    def input_format(self) -> AudioFormat:
        """What appended audio is encoded in: always the same."""
        return PcmFormat()

    @property
    def noise_reduction(self) -> NoiseReduction | None:
        """What appended audio is cleaned by; None: nothing."""
        return self._settings.audio.input.noise_reduction

    def handle(self, item: Input, now: float) -> list[Output]:
        """Take one input and return what is to be done, in order.

        Args:
            item: what happened.
            now: monotonic time in seconds; never goes back.
        """
        if not self._is_closed:
            try:
                self._take(item, now)
            except ProtocolError as error:
                self._send_error(error, _event_id_of(item))
            self._close_when_done()
        outputs = self._outputs.copy()
        self._outputs.clear()
        return outputs

    def _take(self, item: Input, now: float) -> None:  # noqa: C901 - one case an input
        match item:
            case AudioHeard():
                self._hear(item)
            case TranscriptionProgress(item_id=utterance_id, event=progress):
                text = self._transcript.advance(utterance_id, progress)
                if text is not None:
                    self._interpreting.know_text(utterance_id, text)
            case TranscriptionFailed():
                self._on_transcription_failed(item)
            case TranslationProgress(utterance_id=utterance_id, event=report):
                self._interpreting.advance(utterance_id, report)
            case TranslationFailed():
                if self._interpreting.fail(item.utterance_id):
                    self._send_fault(item.message, item.code)
            case TranslationClientSent(event=event):
                self._take_event(event)
            case SessionOpened(wall_s=wall_s):
                self._on_opened(wall_s, now)
            case Tick():
                self._on_tick(now)
            case MalformedEvent():
                error = ProtocolError(item.message, code=item.code, param=item.param)
                self._send_error(error, item.event_id)
            case _:
                raise AssertionError("a conversation has rules of its own")

    # --- the client ---

    def _take_event(self, event: TranslationUpdate | SessionClose) -> None:
        if self._is_closing:
            raise ProtocolError("The session is closing.", code="invalid_event", param="type")
        match event:
            case TranslationUpdate():
                self._settings = merge_translation(self._settings, event.session, self._options)
                self._send(SessionUpdated(event_id=self._event_id(), session=self._settings))
            case SessionClose():
                self._is_closing = True
                if (ended := self._listening.finish()) is not None:
                    self._on_ended(ended)
            case _:
                assert_never(event)

    def _on_opened(self, wall_s: int, now: float) -> None:
        duration_s = self._options.max_duration_s
        self._expires_at = now + duration_s
        self._settings = structs.replace(self._settings, expires_at=wall_s + int(duration_s))
        self._send(SessionCreated(event_id=self._event_id(), session=self._settings))

    def _on_tick(self, now: float) -> None:
        if self._expires_at is None or now < self._expires_at:
            return
        minutes = round(self._options.max_duration_s / 60)
        message = f"Your session hit the maximum duration of {minutes} minutes."
        self._expires_at = None
        self._send_error(ProtocolError(message, code="session_expired"), None)
        self._close(Close(1001, message))

    # --- speech ---

    def _hear(self, heard: AudioHeard) -> None:
        if self._is_closing:
            return  # sent before the client could know
        for mark in self._listening.hear(heard.data, heard.probabilities):
            match mark:
                case UtteranceBegan():
                    self._on_began()
                case UtteranceEnded():
                    self._on_ended(mark)

    def _on_began(self) -> None:
        self._utterance_id = self._new_id("utt")
        self._interpreting.begin(self._utterance_id)
        asked = self._settings.audio.input.transcription
        if asked is None and not self._options.needs_transcript:
            return
        self._transcript.begin(self._utterance_id, is_reported=asked is not None)
        hints = TranscriptionHints(model=None if asked is None else asked.model)
        self._emit(StartTranscription(self._utterance_id, hints))
        self._listening.transcribe_as(self._utterance_id)

    def _on_ended(self, ended: UtteranceEnded) -> None:
        language = self._settings.audio.output.language
        for _ in range(self._interpreting.end(self._utterance_id, ended.audio, language)):
            self._send_fault("The engines are too far behind the speaker.", "translation_behind")

    def _on_transcription_failed(self, failed: TranscriptionFailed) -> None:
        self._interpreting.lose_text(failed.item_id)
        if self._transcript.fail(failed.item_id):
            self._send_fault(failed.message, failed.code)

    # --- out ---

    def _send_source_text(self, text: str) -> None:
        elapsed_ms = self._elapsed_ms()
        event_id = self._event_id()
        self._send(
            SessionInputTranscriptDelta(event_id=event_id, delta=text, elapsed_ms=elapsed_ms)
        )

    def _send_text(self, text: str) -> None:
        elapsed_ms = self._elapsed_ms()
        event_id = self._event_id()
        self._send(
            SessionOutputTranscriptDelta(event_id=event_id, delta=text, elapsed_ms=elapsed_ms)
        )

    def _send_audio(self, data: bytes) -> None:
        elapsed_ms = self._elapsed_ms()
        event_id = self._event_id()
        self._send(SessionOutputAudioDelta(event_id=event_id, delta=data, elapsed_ms=elapsed_ms))

    def _elapsed_ms(self) -> int:
        """How much sound has been heard, in whole steps."""
        return self._listening.heard_ms // STEP_MS * STEP_MS

    def _send_fault(self, message: str, code: str) -> None:
        self._send_error(ProtocolError(message, code=code, kind=ENGINE_FAULT), None)

    def _send_error(self, error: ProtocolError, event_id: str | None) -> None:
        detail = ErrorDetail(
            type=error.kind,
            code=error.code,
            message=error.message,
            param=error.param,
            event_id=event_id,
        )
        self._send(ErrorEvent(event_id=self._event_id(), error=detail))

    def _close_when_done(self) -> None:
        if self._is_closing and not self._is_closed and not self._is_working:
            self._send(SessionClosed(event_id=self._event_id()))
            self._close(Close(1000, ""))

    @property
    def _is_working(self) -> bool:
        return bool(self._interpreting) or bool(self._transcript)

    def _close(self, close: Close) -> None:
        self._is_closed = True
        self._expires_at = None
        self._emit(close)

    def _send(self, event: ServerEvent) -> None:
        self._emit(Send(event))

    def _emit(self, output: Output) -> None:
        self._outputs.append(output)

    def _event_id(self) -> str:
        return self._new_id("event")


def _event_id_of(item: Input) -> str | None:
    if isinstance(item, TranslationClientSent) and isinstance(item.event.event_id, str):
        return item.event.event_id
    return None
