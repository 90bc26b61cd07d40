"""The session: one door to the rules.

`handle(input, now)` takes what happened and returns what is to be done, in order. It never waits,
raises, or looks at a clock.
"""

from collections.abc import Mapping
from typing import assert_never

from msgspec import structs

from vivavoce.core import (
    client_rules,
    continuation_rules,
    interlude_rules,
    keypad_rules,
    mcp_rules,
    playback_rules,
    speech_rules,
)
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
    ResponseFailed,
    ResponseProgress,
    SessionOpened,
    SidebandOpened,
    Tick,
    TokensCounted,
    TranscriptionFailed,
    TranscriptionProgress,
    TranslationClientSent,
    TranslationFailed,
    TranslationProgress,
    TurnJudged,
)
from vivavoce.core.mcp_tools import CheckServer, McpDefinition, refuse_servers
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import Close, Output
from vivavoce.core.settings import CheckTool
from vivavoce.core.state import SessionState
from vivavoce.core.tool_reports import ToolFailed, ToolListingFailed, ToolReturned, ToolsListed
from vivavoce.core.transcription_session import refuse_answers, shown_session
from vivavoce.errors import ProtocolError
from vivavoce.ids import NewId
from vivavoce.interfaces import MalformedEvent, Tool
from vivavoce.protocol.audio_settings import AudioFormat, NoiseReduction
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
    VivavocePlaybackPlay,
    VivavocePlaybackStop,
)
from vivavoce.protocol.server_events import (
    Conversation,
    ConversationCreated,
    ErrorDetail,
    ErrorEvent,
    SessionCreated,
)

UNUSABLE = 4000
"""Close code after which clients do not try again (10-transports-auth, section 3.4)."""


CHANGES_NOTHING = (ConversationItemRetrieve, VivavocePlaybackPlay, VivavocePlaybackStop)
"""Events that leave the conversation, and what is prepared from it, as they are."""


def accept_any(tool: Tool) -> None:
    """Accept every tool: for language models without a say."""


class Session:
    """The rules for one client."""

    def __init__(
        self,
        options: SessionOptions,
        *,
        new_id: NewId,
        check_tool: CheckTool = accept_any,
        check_server: CheckServer = refuse_servers,
    ) -> None:
        """Begin a session.

        Args:
            options: what the operator and the engines set.
            new_id: makes every id of the session.
            check_tool: the language model's say on each tool.
            check_server: the operator's say on each server of tools.
        """
        self._state = SessionState(options, new_id, check_tool, check_server)

    @property
    def session_id(self) -> str:
        """The session's id, `sess_...`."""
        return self._state.session_id

    @property
    def next_deadline(self) -> float | None:
        """Monotonic time in seconds at which the session wants a `Tick`; None if never."""
        return self._state.next_deadline

    @property
    def input_format(self) -> AudioFormat:
        """What appended audio is encoded in."""
        return self._state.settings.audio.input.format

    @property
    def noise_reduction(self) -> NoiseReduction | None:
        """What appended audio is cleaned by; None: nothing."""
        return self._state.settings.audio.input.noise_reduction

    def handle(self, item: Input, now: float) -> list[Output]:
        """Take one input and return what is to be done, in order.

        Args:
            item: what happened.
            now: monotonic time in seconds; never goes back.
        """
        state = self._state
        state.now = now
        state.asker = None
        try:
            _take(state, item)
        except ProtocolError as error:
            _send_error(state, error, _event_id_of(item))
        continuation_rules.go_on(state)
        state.outputs, outputs = [], state.outputs
        return outputs


def _take(state: SessionState, item: Input) -> None:  # noqa: C901 - one case an input
    match item:
        case AudioHeard():
            speech_rules.on_audio(state, item)
        case ClientSent(event=event, prompt=found_prompt, connection=asker, pictures=pictures):
            state.found_prompt, state.found_pictures = found_prompt, pictures
            state.asker = asker
            _take_event(state, event)
        case ResponseProgress(response_id=job_id, event=report):
            state.responses.advance(job_id, report, state.now)
            state.write_summary(job_id, report)
        case TranscriptionProgress(item_id=key, event=progress):
            speech_rules.on_transcribed(state, state.transcriptions.advance(key, progress))
        case TranscriptionFailed():
            speech_rules.on_transcription_failed(state, item)
        case ResponseFailed(response_id=job_id):
            state.compaction.failed(job_id)
            if state.responses.fail(item):
                state.pause_verdict.is_spent = True
        case TurnJudged():
            speech_rules.on_judged(state, item)
        case TokensCounted():
            state.window.counted(item.subject_id, item.n_tokens)
        case PictureRead():
            client_rules.take_words(state, item)
        case PlaybackStarted():
            playback_rules.on_started(state, item)
        case PlaybackEnded():
            playback_rules.on_ended(state, item)
        case PlaybackCleared():
            playback_rules.on_cleared(state, item)
        case KeyHeard():
            keypad_rules.on_key(state, item)
        case InterludeStarted(playback_id=playback_id):
            interlude_rules.on_started(state, playback_id)
        case InterludeEnded():
            interlude_rules.on_ended(state, item)
        case InterludeFailed():
            interlude_rules.on_failed(state, item)
        case ToolsListed() | ToolListingFailed() | ToolReturned() | ToolFailed():
            mcp_rules.on_report(state, item)
        case Tick():
            _on_tick(state)
        case SessionOpened(wall_s=wall_s):
            _on_opened(state, wall_s)
        case SidebandOpened():
            _on_sideband(state, item)
        case MalformedEvent(connection=asker):
            state.asker = asker
            error = ProtocolError(item.message, code=item.code, param=item.param)
            _send_error(state, error, item.event_id)
        case TranslationClientSent() | TranslationProgress() | TranslationFailed():
            raise AssertionError("a translation session has rules of its own")
        case _:
            assert_never(item)


def _take_event(state: SessionState, event: ClientEvent) -> None:  # noqa: C901 - one case an event
    if not isinstance(event, CHANGES_NOTHING):
        state.responses.discard_prepared()  # it was made from what now changes
    if state.options.kind == "transcription":
        refuse_answers(event)
    match event:
        case SessionUpdate():
            client_rules.update_session(state, event)
        case InputAudioBufferCommit():
            speech_rules.commit(state)
        case InputAudioBufferClear():
            speech_rules.clear(state)
        case ConversationItemCreate():
            client_rules.create_item(state, event)
        case ConversationItemRetrieve():
            client_rules.retrieve_item(state, event)
        case ConversationItemTruncate():
            client_rules.truncate_item(state, event)
        case ConversationItemDelete():
            client_rules.delete_item(state, event)
        case ResponseCreate(response=params):
            client_rules.create_response(state, params)
        case ResponseCancel(response_id=response_id):
            client_rules.cancel_response(state, response_id)
        case OutputAudioBufferClear():
            if not state.options.plays_out:
                message = "The output audio buffer exists only over WebRTC and SIP."
                raise ProtocolError(message, param="type")
            playback_rules.clear(state)
        case VivavocePlaybackPlay():
            interlude_rules.play(state, event)
        case VivavocePlaybackStop():
            interlude_rules.stop(state, event)
        case InputAudioBufferAppend():
            raise AssertionError("audio comes in as AudioHeard")
        case _:
            assert_never(event)


def _on_opened(state: SessionState, wall_s: int) -> None:
    servers = _begin_as_configured(state)
    if servers is None:
        return
    duration_s = state.options.max_duration_s
    state.deadlines.expires_at = state.now + duration_s
    state.settings = structs.replace(state.settings, expires_at=wall_s + int(duration_s))
    shown = shown_session(state.settings, state.options.kind)
    state.send(SessionCreated(event_id=state.event_id(), session=shown))
    if state.options.announces_conversation and state.answers:
        conversation = Conversation(id=state.conversation.conversation_id)
        state.send(ConversationCreated(event_id=state.event_id(), conversation=conversation))
    state.mcp_servers.set_up(servers, state.now, anew=True)
    state.configure_window()
    interlude_rules.begin(state)
    state.prefill()


def _on_sideband(state: SessionState, opened: SidebandOpened) -> None:
    state.asker = opened.connection
    shown = shown_session(state.settings, state.options.kind)
    state.answer(SessionCreated(event_id=state.event_id(), session=shown))
    if opened.extensions:
        state.interludes.allow(opened.connection)
        state.transcriptions.report_partials()


def _begin_as_configured(state: SessionState) -> Mapping[str, McpDefinition] | None:
    """Apply what is bound to the key; return its servers of tools. None: it must not begin.

    It was checked when the key was minted, but engines, prompts and settings may be others now.
    """
    configured = state.options.configured
    if configured is None:
        return {}
    try:
        return client_rules.apply_session(state, configured, state.options.configured_prompt)
    except ProtocolError as error:
        _send_error(state, error, None)
        state.emit(Close(UNUSABLE, f"{error.kind}.{error.code}"))
        return None


def _on_tick(state: SessionState) -> None:
    if state.deadlines.has_expired(state.now):
        state.deadlines.expires_at = None
        minutes = round(state.options.max_duration_s / 60)
        message = f"Your session hit the maximum duration of {minutes} minutes."
        _send_error(state, ProtocolError(message, code="session_expired"), None)
        state.emit(Close(1001, message))
        return
    if state.deadlines.has_typed(state.now):
        keypad_rules.on_pause(state)
    mcp_rules.on_time(state)
    if state.deadlines.is_idle(state.now):
        speech_rules.on_idle(state)


def _send_error(state: SessionState, error: ProtocolError, event_id: str | None) -> None:
    detail = ErrorDetail(
        type=error.kind,
        code=error.code,
        message=error.message,
        param=error.param,
        event_id=event_id,
    )
    state.answer(ErrorEvent(event_id=state.event_id(), error=detail))


def _event_id_of(item: Input) -> str | None:
    if isinstance(item, ClientSent) and isinstance(item.event.event_id, str):
        return item.event.event_id
    return None
