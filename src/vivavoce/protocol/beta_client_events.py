"""What a Beta client may send, and the GA event that each stands for.

Sources: 30-client-events; 70-beta-vs-ga.
"""

from typing import assert_never

from msgspec import UNSET, UnsetType

from vivavoce.protocol.beta_items import BetaItem, item_to_ga
from vivavoce.protocol.beta_response import BetaResponseCreateParams, response_params_to_ga
from vivavoce.protocol.beta_session import BetaRealtimeUpdate, BetaTranscriptionUpdate
from vivavoce.protocol.beta_session_maps import (
    realtime_update_to_ga,
    transcription_update_to_ga,
)
from vivavoce.protocol.client_events import (
    ClientEvent,
    ClientEventBase,
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


class BetaSessionUpdate(ClientEventBase, frozen=True, kw_only=True, tag="session.update"):
    """Change the members of the session that are present."""

    session: BetaRealtimeUpdate


class BetaTranscriptionSessionUpdate(
    ClientEventBase, frozen=True, kw_only=True, tag="transcription_session.update"
):
    """Change the members of the transcription session that are present."""

    session: BetaTranscriptionUpdate


class BetaConversationItemCreate(
    ClientEventBase, frozen=True, kw_only=True, tag="conversation.item.create"
):
    """Add an item."""

    previous_item_id: str | UnsetType | None = UNSET
    item: BetaItem


class BetaResponseCreate(ClientEventBase, frozen=True, kw_only=True, tag="response.create"):
    """Ask for an answer."""

    response: BetaResponseCreateParams | UnsetType = UNSET


BetaClientEvent = (
    BetaSessionUpdate
    | BetaTranscriptionSessionUpdate
    | InputAudioBufferAppend
    | InputAudioBufferCommit
    | InputAudioBufferClear
    | BetaConversationItemCreate
    | ConversationItemRetrieve
    | ConversationItemTruncate
    | ConversationItemDelete
    | BetaResponseCreate
    | ResponseCancel
    | OutputAudioBufferClear
)


def client_event_to_ga(event: BetaClientEvent) -> ClientEvent:
    """Return the event that the session knows.

    Raises:
        ProtocolError: an item has parts that do not go with its role.
    """
    match event:
        case BetaSessionUpdate(session=session):
            return SessionUpdate(event_id=event.event_id, session=realtime_update_to_ga(session))
        case BetaTranscriptionSessionUpdate(session=heard):
            return SessionUpdate(event_id=event.event_id, session=transcription_update_to_ga(heard))
        case BetaConversationItemCreate():
            return ConversationItemCreate(
                event_id=event.event_id,
                previous_item_id=event.previous_item_id,
                item=item_to_ga(event.item, "item"),
            )
        case BetaResponseCreate(response=params):
            asked = UNSET if isinstance(params, UnsetType) else response_params_to_ga(params)
            return ResponseCreate(event_id=event.event_id, response=asked)
        case (
            InputAudioBufferAppend()
            | InputAudioBufferCommit()
            | InputAudioBufferClear()
            | ConversationItemRetrieve()
            | ConversationItemTruncate()
            | ConversationItemDelete()
            | ResponseCancel()
            | OutputAudioBufferClear()
        ):
            return event
        case _:
            assert_never(event)
