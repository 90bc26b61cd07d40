"""Everything the server may send. Source: 40-server-events.

Members that may be null are sent with null, members that may be absent are left out (`UNSET`).
"""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from vivavoce.protocol.extensions import (
    VivavoceCallProgress,
    VivavoceCallTransfer,
    VivavoceGuardrailTripped,
    VivavoceItemHeard,
    VivavocePlaybackEnded,
    VivavocePlaybackStarted,
    VivavoceSessionResumable,
    VivavoceSessionResumed,
    VivavoceTranscriptPartial,
    VivavoceTurnTiming,
)
from vivavoce.protocol.items import Item
from vivavoce.protocol.response import RateLimit
from vivavoce.protocol.response_events import (
    McpListToolsCompleted,
    McpListToolsFailed,
    McpListToolsInProgress,
    ResponseContentPartAdded,
    ResponseContentPartDone,
    ResponseCreated,
    ResponseDone,
    ResponseFunctionCallArgumentsDelta,
    ResponseFunctionCallArgumentsDone,
    ResponseMcpCallArgumentsDelta,
    ResponseMcpCallArgumentsDone,
    ResponseMcpCallCompleted,
    ResponseMcpCallFailed,
    ResponseMcpCallInProgress,
    ResponseOutputAudioDelta,
    ResponseOutputAudioDone,
    ResponseOutputAudioTranscriptDelta,
    ResponseOutputAudioTranscriptDone,
    ResponseOutputItemAdded,
    ResponseOutputItemDone,
    ResponseOutputTextDelta,
    ResponseOutputTextDone,
)
from vivavoce.protocol.server_event_base import ServerEventBase
from vivavoce.protocol.session import Session
from vivavoce.protocol.transcription_events import (
    ConversationItemInputAudioTranscriptionCompleted,
    ConversationItemInputAudioTranscriptionDelta,
    ConversationItemInputAudioTranscriptionFailed,
    ConversationItemInputAudioTranscriptionSegment,
)

# --- parts of events --------------------------------------------------------------------------


class ErrorDetail(Struct, frozen=True, kw_only=True):
    """What went wrong. All members are always sent (60-errors-limits, section 1)."""

    type: str = "invalid_request_error"
    code: str | None = None
    message: str
    param: str | None = None
    event_id: str | None = None
    """The client's event that caused it."""


class Conversation(Struct, frozen=True, kw_only=True):
    """The conversation of a session."""

    id: str
    object: Literal["realtime.conversation"] = "realtime.conversation"


# --- session and conversation ----------------------------------------------------------------


class ErrorEvent(ServerEventBase, frozen=True, kw_only=True, tag="error"):
    """Something went wrong; the session goes on unless it is closed next."""

    error: ErrorDetail


class SessionCreated(ServerEventBase, frozen=True, kw_only=True, tag="session.created"):
    """The first event of every connection."""

    session: Session


class SessionUpdated(ServerEventBase, frozen=True, kw_only=True, tag="session.updated"):
    """The whole effective session, after every update."""

    session: Session


class ConversationCreated(ServerEventBase, frozen=True, kw_only=True, tag="conversation.created"):
    """Documented, not seen in GA sessions; off there."""

    conversation: Conversation


class ConversationItemAdded(
    ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.added"
):
    """An item entered the conversation."""

    previous_item_id: str | None = None
    item: Item


class ConversationItemDone(
    ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.done"
):
    """An item is final."""

    previous_item_id: str | None = None
    item: Item


class ConversationItemRetrieved(
    ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.retrieved"
):
    """An item with its audio, as asked for."""

    item: Item


class ConversationItemTruncated(
    ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.truncated"
):
    """Of an answer only the beginning was heard."""

    item_id: str
    content_index: int
    audio_end_ms: int


class ConversationItemDeleted(
    ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.deleted"
):
    """An item left the conversation."""

    item_id: str


# --- audio buffers ---------------------------------------------------------------------------


class InputAudioBufferCommitted(
    ServerEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.committed"
):
    """The buffer becomes the item named here."""

    previous_item_id: str | None = None
    item_id: str


class InputAudioBufferCleared(
    ServerEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.cleared"
):
    """The buffer is empty."""


class InputAudioBufferSpeechStarted(
    ServerEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.speech_started"
):
    """The user began to speak."""

    audio_start_ms: int
    """Of all audio ever appended, padding included."""
    item_id: str
    """The id the item will have."""


class InputAudioBufferSpeechStopped(
    ServerEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.speech_stopped"
):
    """The user's turn is over."""

    audio_end_ms: int
    """Of all audio ever appended, the silence that ended the turn included."""
    item_id: str


class InputAudioBufferTimeoutTriggered(
    ServerEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.timeout_triggered"
):
    """Nobody spoke for the idle timeout."""

    audio_start_ms: int
    audio_end_ms: int
    item_id: str


class InputAudioBufferDtmfEventReceived(
    ServerEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.dtmf_event_received"
):
    """A key was pressed (SIP)."""

    event: str
    """One of `0` to `9`, `*`, `#`, `A` to `D`."""
    received_at: int
    """Unix seconds."""


class OutputAudioBufferStarted(
    ServerEventBase, frozen=True, kw_only=True, tag="output_audio_buffer.started"
):
    """Playback of a response began (WebRTC and SIP)."""

    response_id: str


class OutputAudioBufferStopped(
    ServerEventBase, frozen=True, kw_only=True, tag="output_audio_buffer.stopped"
):
    """Playback of a response is over (WebRTC and SIP)."""

    response_id: str


class OutputAudioBufferCleared(
    ServerEventBase, frozen=True, kw_only=True, tag="output_audio_buffer.cleared"
):
    """Playback of a response was cut (WebRTC and SIP)."""

    response_id: str


# --- limits ----------------------------------------------------------------------------------


class RateLimitsUpdated(ServerEventBase, frozen=True, kw_only=True, tag="rate_limits.updated"):
    """What is left of the operator's limits."""

    rate_limits: tuple[RateLimit, ...]


# --- translation sessions --------------------------------------------------------------------


class SessionClosed(ServerEventBase, frozen=True, kw_only=True, tag="session.closed"):
    """All was translated; the connection ends."""


class SessionInputTranscriptDelta(
    ServerEventBase, frozen=True, kw_only=True, tag="session.input_transcript.delta"
):
    """More words in the source language."""

    delta: str
    elapsed_ms: int | UnsetType = UNSET


class SessionOutputTranscriptDelta(
    ServerEventBase, frozen=True, kw_only=True, tag="session.output_transcript.delta"
):
    """More words in the target language."""

    delta: str
    elapsed_ms: int | UnsetType = UNSET


class SessionOutputAudioDelta(
    ServerEventBase, frozen=True, kw_only=True, tag="session.output_audio.delta"
):
    """More speech in the target language."""

    delta: bytes
    """24 kHz 16-bit mono; base64 on the wire."""
    channels: int = 1
    format: Literal["pcm16"] = "pcm16"
    sample_rate: int = 24000
    elapsed_ms: int | UnsetType = UNSET


ServerEvent = (
    ErrorEvent
    | SessionCreated
    | SessionUpdated
    | ConversationCreated
    | ConversationItemAdded
    | ConversationItemDone
    | ConversationItemRetrieved
    | ConversationItemTruncated
    | ConversationItemDeleted
    | ConversationItemInputAudioTranscriptionDelta
    | ConversationItemInputAudioTranscriptionCompleted
    | ConversationItemInputAudioTranscriptionSegment
    | ConversationItemInputAudioTranscriptionFailed
    | InputAudioBufferCommitted
    | InputAudioBufferCleared
    | InputAudioBufferSpeechStarted
    | InputAudioBufferSpeechStopped
    | InputAudioBufferTimeoutTriggered
    | InputAudioBufferDtmfEventReceived
    | OutputAudioBufferStarted
    | OutputAudioBufferStopped
    | OutputAudioBufferCleared
    | ResponseCreated
    | ResponseDone
    | ResponseOutputItemAdded
    | ResponseOutputItemDone
    | ResponseContentPartAdded
    | ResponseContentPartDone
    | ResponseOutputTextDelta
    | ResponseOutputTextDone
    | ResponseOutputAudioTranscriptDelta
    | ResponseOutputAudioTranscriptDone
    | ResponseOutputAudioDelta
    | ResponseOutputAudioDone
    | ResponseFunctionCallArgumentsDelta
    | ResponseFunctionCallArgumentsDone
    | ResponseMcpCallArgumentsDelta
    | ResponseMcpCallArgumentsDone
    | ResponseMcpCallInProgress
    | ResponseMcpCallCompleted
    | ResponseMcpCallFailed
    | McpListToolsInProgress
    | McpListToolsCompleted
    | McpListToolsFailed
    | RateLimitsUpdated
    | SessionClosed
    | SessionInputTranscriptDelta
    | SessionOutputTranscriptDelta
    | SessionOutputAudioDelta
    | VivavoceGuardrailTripped
    | VivavoceItemHeard
    | VivavocePlaybackEnded
    | VivavocePlaybackStarted
    | VivavoceSessionResumable
    | VivavoceSessionResumed
    | VivavoceCallTransfer
    | VivavoceCallProgress
    | VivavoceTranscriptPartial
    | VivavoceTurnTiming
)
