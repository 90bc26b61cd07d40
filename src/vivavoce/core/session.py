"""The session: what couples the machines, in one place.

One door: `handle(input, now)` takes what happened and returns what is to be done, in order. It
never raises, waits, or looks at a clock.
"""

from typing import assert_never

from msgspec import UNSET, UnsetType, structs

from vivavoce.core.conversation import Conversation, ItemRecord
from vivavoce.core.deadlines import Deadlines
from vivavoce.core.inputs import (
    AudioHeard,
    ClientSent,
    Input,
    ResponseFailed,
    ResponseProgress,
    SessionOpened,
    Tick,
    TokensCounted,
    TranscriptionFailed,
    TranscriptionProgress,
    TurnJudged,
)
from vivavoce.core.new_items import new_record, user_audio_record
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import Close, Output, PrefillPrompt, Send
from vivavoce.core.response import Response, ResponseSettings
from vivavoce.core.response_input import read_input
from vivavoce.core.response_settings import resolve, settings_of_session
from vivavoce.core.responses import Responses
from vivavoce.core.settings import CheckTool, initial_session, merge
from vivavoce.core.tokens import TokenCount
from vivavoce.core.transcriptions import Transcriptions
from vivavoce.core.turn_detector import (
    SilenceGrew,
    SpeechResumed,
    SpeechStarted,
    SpeechStopped,
    TurnMark,
)
from vivavoce.core.turns import Turns
from vivavoce.core.window import ContextWindow
from vivavoce.errors import ProtocolError
from vivavoce.ids import NewId
from vivavoce.interfaces import MalformedEvent, Tool
from vivavoce.media.pcm import silence
from vivavoce.protocol.client_events import (
    ClientEvent,
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemRetrieve,
    ConversationItemTruncate,
    InputAudioBufferAppend,
    InputAudioBufferClear,
    InputAudioBufferCommit,
    OutputAudioBufferClear,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
)
from vivavoce.protocol.response import ResponseCreateParams
from vivavoce.protocol.server_events import (
    ConversationItemAdded,
    ConversationItemDeleted,
    ConversationItemDone,
    ConversationItemRetrieved,
    ConversationItemTruncated,
    ErrorDetail,
    ErrorEvent,
    InputAudioBufferCleared,
    InputAudioBufferCommitted,
    InputAudioBufferSpeechStarted,
    InputAudioBufferSpeechStopped,
    InputAudioBufferTimeoutTriggered,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
)
from vivavoce.protocol.session import AudioFormat, ServerVad

MIN_COMMIT_MS = 100  # 60-errors-limits, section 3
MIN_FINISHED_PROBABILITY = 0.5  # of the end-of-turn model, before an answer is prepared


def accept_any(tool: Tool) -> None:
    """Accept every tool: for language models without a say."""


class Session:
    """The rules for one client."""

    def __init__(
        self, options: SessionOptions, *, new_id: NewId, check_tool: CheckTool = accept_any
    ) -> None:
        self._options = options
        self._new_id = new_id
        self._check_tool = check_tool
        self._outputs: list[Output] = []
        self._now = 0.0
        self.session_id = new_id("sess")
        self._settings = initial_session(options, self.session_id, 0)
        self._conversation = Conversation(new_id("conv"))
        self._deadlines = Deadlines()
        self._turns = Turns(new_id, self._outputs_append)
        self._turns.configure(self._settings.audio.input)
        self._transcriptions = Transcriptions(
            new_id, self._outputs_append, self._send, extensions=options.extensions
        )
        self._responses = Responses(
            self.session_id,
            self._conversation,
            new_id,
            self._outputs_append,
            self._send,
            self._on_response_done,
        )
        self._window = ContextWindow(
            self._conversation, options.window_tokens, self._outputs_append
        )
        self._spoke_already = False
        self._judged_pause_ms: int | None = None
        self._seems_finished = False

    @property
    def next_deadline(self) -> float | None:
        """Monotonic time in seconds at which the session wants a `Tick`; None if never."""
        return self._deadlines.next

    @property
    def input_format(self) -> AudioFormat:
        """What appended audio is encoded in."""
        return self._settings.audio.input.format

    def handle(self, item: Input, now: float) -> list[Output]:
        """Take one input and return what is to be done, in order.

        Args:
            item: what happened.
            now: monotonic time in seconds; never goes back.
        """
        self._now = now
        try:
            self._dispatch(item)
        except ProtocolError as error:
            self._send_error(error, _event_id_of(item))
        outputs = self._outputs.copy()
        self._outputs.clear()
        return outputs

    def _dispatch(self, item: Input) -> None:  # noqa: C901 - one case an input
        match item:
            case AudioHeard():
                self._on_audio(item)
            case ClientSent(event=event):
                self._on_client_event(event)
            case ResponseProgress(response_id=job_id, event=report):
                self._responses.advance(job_id, report, self._now)
            case TranscriptionProgress(item_id=key, event=progress):
                self._on_transcribed(self._transcriptions.advance(key, progress))
                self._maybe_prepare()
            case TranscriptionFailed():
                self._on_transcription_failed(item)
            case ResponseFailed():
                self._responses.fail(item.response_id, item.message, item.code)
            case TurnJudged():
                self._on_judged(item)
            case TokensCounted():
                self._window.counted(item.subject_id, item.n_tokens)
            case Tick():
                self._on_tick()
            case SessionOpened(wall_s=wall_s):
                self._on_opened(wall_s)
            case MalformedEvent():
                error = ProtocolError(item.message, code=item.code, param=item.param)
                self._send_error(error, item.event_id)
            case _:
                assert_never(item)

    def _on_opened(self, wall_s: int) -> None:
        self._deadlines.expires_at = self._now + self._options.max_duration_s
        expires_at = wall_s + int(self._options.max_duration_s)
        self._settings = structs.replace(self._settings, expires_at=expires_at)
        self._send(SessionCreated(event_id=self._event_id(), session=self._settings))
        self._window.configure(self._settings)
        self._prefill()

    # --- the client ---

    def _on_client_event(self, event: ClientEvent) -> None:  # noqa: C901 - one case an event
        if not isinstance(event, ConversationItemRetrieve):
            self._responses.discard_prepared()  # it was made from what now changes
        match event:
            case SessionUpdate():
                self._update_session(event)
            case InputAudioBufferCommit():
                self._commit()
            case InputAudioBufferClear():
                self._cancel_turn(self._turns.clear())
                self._send(InputAudioBufferCleared(event_id=self._event_id()))
            case ConversationItemCreate():
                self._create_item(event)
            case ConversationItemRetrieve(item_id=item_id):
                item = self._conversation.retrieve(item_id, self.input_format)
                self._send(ConversationItemRetrieved(event_id=self._event_id(), item=item))
            case ConversationItemTruncate():
                self._truncate_item(event)
            case ConversationItemDelete(item_id=item_id):
                self._conversation.delete(item_id)
                self._transcriptions.cancel(item_id)
                self._send(ConversationItemDeleted(event_id=self._event_id(), item_id=item_id))
                self._start_ready()
            case ResponseCreate(response=params):
                self._create_response(params)
            case ResponseCancel(response_id=response_id):
                self._cancel_response(response_id)
            case OutputAudioBufferClear():
                raise ProtocolError(
                    "The output audio buffer exists only over WebRTC and SIP.", param="type"
                )
            case InputAudioBufferAppend():
                raise AssertionError("audio comes in as AudioHeard")
            case _:
                assert_never(event)

    def _update_session(self, event: SessionUpdate) -> None:
        before = self._settings
        self._settings = merge(
            before,
            event.session,
            options=self._options,
            spoke_already=self._spoke_already,
            check_tool=self._check_tool,
        )
        if self._settings.audio.input.turn_detection is None:
            self._cancel_turn(self._turns.abandon())
        self._turns.configure(self._settings.audio.input)
        self._deadlines.idle_timeout_s = _idle_timeout_s(self._vad)
        self._send(SessionUpdated(event_id=self._event_id(), session=self._settings))
        now = self._settings
        if (now.instructions, now.tools) != (before.instructions, before.tools):
            self._window.configure(self._settings)
            self._prefill()

    def _create_item(self, event: ConversationItemCreate) -> None:
        record = new_record(event.item, self._new_id, self.input_format, "item")
        previous = self._conversation.add(record, event.previous_item_id)
        self._announce_item(record, previous)
        self._window.count(record)
        self._transcriptions.recognise(record, self._settings)

    def _truncate_item(self, event: ConversationItemTruncate) -> None:
        self._conversation.truncate(event.item_id, event.content_index, event.audio_end_ms)
        self._send(
            ConversationItemTruncated(
                event_id=self._event_id(),
                item_id=event.item_id,
                content_index=event.content_index,
                audio_end_ms=event.audio_end_ms,
            )
        )
        self._prefill()

    def _create_response(self, params: ResponseCreateParams | UnsetType) -> None:
        params = ResponseCreateParams() if isinstance(params, UnsetType) else params
        active = self._responses.active
        if params.conversation != "none" and active is not None:
            raise ProtocolError(
                "Conversation already has an active response in progress: "
                f"{active.response_id}. Wait until the response is finished before creating a "
                "new one.",
                code="conversation_already_has_active_response",
            )
        settings = resolve(
            self._settings,
            params,
            options=self._options,
            spoke_already=self._spoke_already,
            check_tool=self._check_tool,
        )
        given: list[ItemRecord] | None = None
        if not isinstance(params.input, UnsetType):
            given = read_input(params.input, self._conversation, self._new_id, self.input_format)
        self._begin_response(settings, given, None)
        for record in given or ():
            if record.item_id not in self._conversation:
                self._transcriptions.recognise(record, self._settings)
        self._start_ready()

    def _cancel_response(self, response_id: str | UnsetType) -> None:
        response = self._responses.find(response_id)
        if response is None:
            raise ProtocolError(
                "Cancellation failed: no active response found", code="response_cancel_not_active"
            )
        self._responses.cancel(response, "client_cancelled")

    # --- the user's turns ---

    @property
    def _vad(self) -> ServerVad | None:
        detection = self._settings.audio.input.turn_detection
        return detection if isinstance(detection, ServerVad) else None

    def _on_audio(self, heard: AudioHeard) -> None:
        for mark in self._turns.hear(heard.data, heard.probabilities):
            self._on_mark(mark)

    def _on_mark(self, mark: TurnMark) -> None:
        match mark:
            case SpeechStarted():
                self._on_speech_started(mark)
            case SilenceGrew(silence_ms=silence_ms):
                self._on_silence(silence_ms)
            case SpeechResumed():
                self._turns.resume()
                self._transcriptions.resume(self._turns.item_id or "")
                self._responses.discard_prepared()
            case SpeechStopped(end_ms=end_ms):
                self._on_speech_stopped(end_ms)
            case _:
                assert_never(mark)

    def _on_speech_started(self, mark: SpeechStarted) -> None:
        item_id = self._turns.begin(mark)
        self._deadlines.stop_idle()
        self._send(
            InputAudioBufferSpeechStarted(
                event_id=self._event_id(), audio_start_ms=self._turns.start_ms, item_id=item_id
            )
        )
        self._transcriptions.begin(item_id, self._settings)
        active = self._responses.active
        if active is not None and self._vad is not None and self._vad.interrupt_response:
            self._responses.cancel(active, "turn_detected")

    def _on_silence(self, silence_ms: int) -> None:
        if silence_ms >= self._options.pause_after_ms and not self._turns.is_paused:
            self._turns.pause()
            self._judged_pause_ms = None
            self._seems_finished = not self._options.judges_turns
        prepare_after_ms = self._options.prepare_after_ms
        if prepare_after_ms is None or silence_ms < prepare_after_ms:
            return
        if self._options.judges_turns and self._judged_pause_ms is None:
            self._judged_pause_ms = self._turns.judge()
        self._maybe_prepare()

    def _on_judged(self, verdict: TurnJudged) -> None:
        of_this_pause = (self._turns.item_id, self._judged_pause_ms)
        if (verdict.item_id, verdict.pause_ms) == of_this_pause:
            self._seems_finished = verdict.probability > MIN_FINISHED_PROBABILITY
            self._maybe_prepare()

    def _maybe_prepare(self) -> None:
        prepare_after_ms, item_id = self._options.prepare_after_ms, self._turns.item_id
        if prepare_after_ms is None or item_id is None or not self._turns.is_paused:
            return
        if self._turns.silence_ms < prepare_after_ms or not self._seems_finished:
            return
        transcript = self._transcriptions.at_pause(item_id)
        answers = self._vad is not None and self._vad.create_response
        if not transcript or not answers or not self._nothing_pends():
            return
        record = user_audio_record(item_id, b"")
        record.heard[0] = transcript.strip()
        self._responses.prepare(settings_of_session(self._settings, self._check_tool), record)

    def _nothing_pends(self) -> bool:
        if self._responses.prepared is not None or self._responses.active is not None:
            return False
        return not any(record.pending for record in self._conversation.context)

    def _on_speech_stopped(self, end_ms: int) -> None:
        item_id, audio = self._turns.finish(end_ms)
        self._send(
            InputAudioBufferSpeechStopped(
                event_id=self._event_id(), audio_end_ms=end_ms, item_id=item_id
            )
        )
        record = user_audio_record(item_id, audio)
        self._commit_record(record)
        self._transcriptions.commit(record, self._settings)
        vad = self._vad
        if vad is not None and vad.create_response and self._responses.active is None:
            self._respond_to(record)
        else:
            self._responses.discard_prepared()

    def _commit(self) -> None:
        uncommitted_ms = self._turns.uncommitted_ms
        if uncommitted_ms < MIN_COMMIT_MS:
            raise ProtocolError(
                "Error committing input audio buffer: buffer too small. Expected at least "
                f"{MIN_COMMIT_MS}ms of audio, but buffer only has {uncommitted_ms:.2f}ms of audio.",
                code="input_audio_buffer_commit_empty",
            )
        item_id, audio, is_transcribed = self._turns.take_all()
        record = user_audio_record(item_id, audio)
        self._commit_record(record)
        if is_transcribed:
            self._transcriptions.commit(record, self._settings)
        else:
            self._transcriptions.recognise(record, self._settings)

    def _commit_record(self, record: ItemRecord) -> None:
        previous = self._conversation.add(record)
        self._send(
            InputAudioBufferCommitted(
                event_id=self._event_id(), previous_item_id=previous, item_id=record.item_id
            )
        )
        self._announce_item(record, previous)

    def _cancel_turn(self, item_id: str | None) -> None:
        if item_id is not None:
            self._transcriptions.cancel(item_id)

    def _on_transcribed(self, record: ItemRecord | None) -> None:
        if record is not None:
            self._window.count(record)
            self._start_ready()

    def _on_transcription_failed(self, failure: TranscriptionFailed) -> None:
        record = self._transcriptions.fail(failure.item_id, failure.message, failure.code)
        if record is None:
            return
        active = self._responses.active
        if active is not None and active.answers is record and not active.job_id:
            message = f"The user's speech could not be transcribed: {failure.message}"
            self._responses.fail_response(active, message, failure.code)
        self._start_ready()

    # --- answers ---

    def _respond_to(self, record: ItemRecord) -> None:
        prepared = self._responses.prepared
        settings = settings_of_session(self._settings, self._check_tool)
        response = self._begin_response(settings, None, record)
        if prepared is not None:
            prepared.claimed_by = response
        self._start_ready()

    def _begin_response(
        self,
        settings: ResponseSettings,
        given: list[ItemRecord] | None,
        answers: ItemRecord | None,
    ) -> Response:
        if settings.in_conversation:
            self._deadlines.stop_idle()
        return self._responses.create(settings, given, answers)

    def _start_ready(self) -> None:
        self._window.truncate(self._settings.truncation)
        fixed = TokenCount(text=self._window.fixed_tokens)
        self._responses.start_ready(fixed, self._now, self._window.fits)

    def _on_response_done(self, response: Response) -> None:
        for record in response.written:
            if record.item_id in self._conversation:
                self._window.count(record)
        if response.audio_ms and response.settings.in_conversation:
            self._spoke_already = True
        if not response.settings.in_conversation:
            return
        started = response.first_audio_at if response.first_audio_at is not None else self._now
        self._deadlines.start_idle(max(self._now, started + response.audio_ms / 1000))
        # After an answer and in the background, never in front of one.
        self._window.truncate(self._settings.truncation)
        self._prefill()

    def _prefill(self) -> None:
        settings = settings_of_session(self._settings, self._check_tool)
        prompt = self._responses.prompt(settings, self._conversation.context)
        self._outputs_append(PrefillPrompt(prompt))

    # --- time ---

    def _on_tick(self) -> None:
        if self._deadlines.has_expired(self._now):
            self._deadlines.expires_at = None
            minutes = round(self._options.max_duration_s / 60)
            message = f"Your session hit the maximum duration of {minutes} minutes."
            self._send_error(ProtocolError(message, code="session_expired"), None)
            self._outputs_append(Close(1001, message))
        elif self._deadlines.is_idle(self._now):
            self._on_idle()

    def _on_idle(self) -> None:
        vad = self._vad
        self._deadlines.stop_idle()
        if vad is None or not isinstance(vad.idle_timeout_ms, int):
            return
        end_ms = self._turns.heard_ms
        item_id = self._new_id("item")
        self._send(
            InputAudioBufferTimeoutTriggered(
                event_id=self._event_id(),
                audio_start_ms=max(0, end_ms - vad.idle_timeout_ms),
                audio_end_ms=end_ms,
                item_id=item_id,
            )
        )
        record = user_audio_record(item_id, silence(vad.idle_timeout_ms).data)
        record.pending.clear()
        record.silence_ms = vad.idle_timeout_ms
        self._commit_record(record)
        settings = settings_of_session(self._settings, self._check_tool)
        self._begin_response(settings, None, None)
        self._start_ready()

    # --- sending ---

    def _announce_item(self, record: ItemRecord, previous: str | None) -> None:
        for event in (ConversationItemAdded, ConversationItemDone):
            self._send(
                event(event_id=self._event_id(), item=record.item, previous_item_id=previous)
            )

    def _send_error(self, error: ProtocolError, event_id: str | None) -> None:
        detail = ErrorDetail(
            type=error.kind,
            code=error.code,
            message=error.message,
            param=error.param,
            event_id=event_id,
        )
        self._send(ErrorEvent(event_id=self._event_id(), error=detail))

    def _send(self, event: ServerEvent) -> None:
        self._outputs.append(Send(event))

    def _outputs_append(self, output: Output) -> None:
        self._outputs.append(output)

    def _event_id(self) -> str:
        return self._new_id("event")


def _event_id_of(item: Input) -> str | None:
    if isinstance(item, ClientSent) and item.event.event_id is not UNSET:
        return item.event.event_id
    return None


def _idle_timeout_s(vad: ServerVad | None) -> float | None:
    if vad is None or not isinstance(vad.idle_timeout_ms, int):
        return None
    return vad.idle_timeout_ms / 1000
