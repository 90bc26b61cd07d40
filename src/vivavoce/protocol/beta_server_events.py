"""The server events whose shape is another in Beta, and the GA events they are made from.

Sources: 40-server-events; 70-beta-vs-ga.
"""

from collections.abc import Mapping

from msgspec import UNSET, structs

from vivavoce.protocol.beta_errors import error_to_beta
from vivavoce.protocol.beta_items import BetaItem, item_to_beta
from vivavoce.protocol.beta_response import BetaResponse, response_to_beta
from vivavoce.protocol.beta_session import BetaSession, BetaTranscriptionSession
from vivavoce.protocol.beta_session_maps import session_to_beta, transcription_session_to_beta
from vivavoce.protocol.response_events import (
    McpListToolsCompleted,
    McpListToolsFailed,
    McpListToolsInProgress,
    ResponseCreated,
    ResponseDone,
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
from vivavoce.protocol.server_events import (
    ConversationItemAdded,
    ConversationItemDone,
    ConversationItemRetrieved,
    ErrorEvent,
    InputAudioBufferDtmfEventReceived,
    InputAudioBufferTimeoutTriggered,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
)
from vivavoce.protocol.session import (
    Modality,
    RealtimeSession,
    Session,
    TranscriptionSession,
)
from vivavoce.protocol.transcription_events import (
    ConversationItemInputAudioTranscriptionCompleted,
    ConversationItemInputAudioTranscriptionSegment,
)

RENAMED: Mapping[type[ServerEvent], str] = {
    ResponseOutputTextDelta: "response.text.delta",
    ResponseOutputTextDone: "response.text.done",
    ResponseOutputAudioDelta: "response.audio.delta",
    ResponseOutputAudioDone: "response.audio.done",
    ResponseOutputAudioTranscriptDelta: "response.audio_transcript.delta",
    ResponseOutputAudioTranscriptDone: "response.audio_transcript.done",
}
"""Events that differ in nothing but their name."""

UNKNOWN_IN_BETA: frozenset[type[ServerEvent]] = frozenset(
    {
        ConversationItemDone,
        ConversationItemInputAudioTranscriptionSegment,
        InputAudioBufferTimeoutTriggered,
        InputAudioBufferDtmfEventReceived,
        McpListToolsInProgress,
        McpListToolsCompleted,
        McpListToolsFailed,
        ResponseMcpCallArgumentsDelta,
        ResponseMcpCallArgumentsDone,
        ResponseMcpCallInProgress,
        ResponseMcpCallCompleted,
        ResponseMcpCallFailed,
    }
)
"""Events that Beta clients are not sent."""


class BetaSessionCreated(ServerEventBase, frozen=True, kw_only=True, tag="session.created"):
    """The first event of every connection."""

    session: BetaSession


class BetaSessionUpdated(ServerEventBase, frozen=True, kw_only=True, tag="session.updated"):
    """The whole effective session, after every update."""

    session: BetaSession


class BetaTranscriptionSessionCreated(
    ServerEventBase, frozen=True, kw_only=True, tag="transcription_session.created"
):
    """The first event of a connection that only writes down what it hears."""

    session: BetaTranscriptionSession


class BetaTranscriptionSessionUpdated(
    ServerEventBase, frozen=True, kw_only=True, tag="transcription_session.updated"
):
    """The whole effective transcription session, after every update."""

    session: BetaTranscriptionSession


class BetaConversationItemCreated(
    ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.created"
):
    """An item entered the conversation: one event for GA's two."""

    previous_item_id: str | None
    item: BetaItem


class BetaConversationItemRetrieved(
    ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.retrieved"
):
    """An item with its audio, as asked for."""

    item: BetaItem


class BetaResponseCreated(ServerEventBase, frozen=True, kw_only=True, tag="response.created"):
    """An answer begins."""

    response: BetaResponse


class BetaResponseDone(ServerEventBase, frozen=True, kw_only=True, tag="response.done"):
    """An answer is over."""

    response: BetaResponse


class BetaResponseOutputItemAdded(
    ServerEventBase, frozen=True, kw_only=True, tag="response.output_item.added"
):
    """An item of the answer begins."""

    response_id: str
    output_index: int
    item: BetaItem


class BetaResponseOutputItemDone(
    ServerEventBase, frozen=True, kw_only=True, tag="response.output_item.done"
):
    """An item of the answer is final."""

    response_id: str
    output_index: int
    item: BetaItem


class BetaResponseFunctionCallArgumentsDone(
    ServerEventBase, frozen=True, kw_only=True, tag="response.function_call_arguments.done"
):
    """All arguments of a call; without its name, which came with the item."""

    response_id: str
    item_id: str
    output_index: int
    call_id: str
    arguments: str
    """JSON text."""


def reshaped(
    event: ServerEvent, spoken_as: tuple[Modality, ...]
) -> ServerEvent | ServerEventBase | None:
    """Return the event in Beta's shape; None: Beta clients are not sent it.

    Args:
        event: as the session made it.
        spoken_as: the modalities that stand for spoken answers, as the client gave them.
    """
    if type(event) in UNKNOWN_IN_BETA:
        return None
    match event:
        case SessionCreated() | SessionUpdated():
            return _session_event(event, event.session, spoken_as)
        case ResponseCreated(event_id=event_id, response=response):
            return BetaResponseCreated(
                event_id=event_id, response=response_to_beta(response, spoken_as)
            )
        case ResponseDone(event_id=event_id, response=response):
            return BetaResponseDone(
                event_id=event_id, response=response_to_beta(response, spoken_as)
            )
        case ErrorEvent(error=error):
            return ErrorEvent(event_id=event.event_id, error=error_to_beta(error))
        case ConversationItemInputAudioTranscriptionCompleted():
            return structs.replace(event, languages=UNSET)
        case ResponseFunctionCallArgumentsDone():
            return BetaResponseFunctionCallArgumentsDone(
                event_id=event.event_id,
                response_id=event.response_id,
                item_id=event.item_id,
                output_index=event.output_index,
                call_id=event.call_id,
                arguments=event.arguments,
            )
        case _:
            return _reshaped_item_event(event)


def _session_event(
    event: SessionCreated | SessionUpdated, session: Session, spoken_as: tuple[Modality, ...]
) -> ServerEventBase | None:
    is_first = isinstance(event, SessionCreated)
    match session:
        case RealtimeSession():
            flat = session_to_beta(session, spoken_as)
            kind = BetaSessionCreated if is_first else BetaSessionUpdated
            return kind(event_id=event.event_id, session=flat)
        case TranscriptionSession():
            heard = transcription_session_to_beta(session)
            if is_first:
                return BetaTranscriptionSessionCreated(event_id=event.event_id, session=heard)
            return BetaTranscriptionSessionUpdated(event_id=event.event_id, session=heard)
        case _:
            return None


def _reshaped_item_event(event: ServerEvent) -> ServerEvent | ServerEventBase | None:
    if not isinstance(
        event,
        ConversationItemAdded
        | ConversationItemRetrieved
        | ResponseOutputItemAdded
        | ResponseOutputItemDone,
    ):
        return event
    item = item_to_beta(event.item)
    if item is None:
        return None
    match event:
        case ConversationItemAdded(event_id=event_id, previous_item_id=previous):
            return BetaConversationItemCreated(
                event_id=event_id, previous_item_id=previous, item=item
            )
        case ConversationItemRetrieved(event_id=event_id):
            return BetaConversationItemRetrieved(event_id=event_id, item=item)
        case ResponseOutputItemAdded():
            return BetaResponseOutputItemAdded(
                event_id=event.event_id,
                response_id=event.response_id,
                output_index=event.output_index,
                item=item,
            )
        case ResponseOutputItemDone():
            return BetaResponseOutputItemDone(
                event_id=event.event_id,
                response_id=event.response_id,
                output_index=event.output_index,
                item=item,
            )
