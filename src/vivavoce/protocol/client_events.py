"""Everything a client may send. Source: 30-client-events."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from vivavoce.protocol.items import Item
from vivavoce.protocol.response import ResponseCreateParams
from vivavoce.protocol.session import SessionConfig, TranslationSessionUpdate


class ClientEventBase(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What all client events share. Unknown members of an event itself are ignored."""

    event_id: Annotated[str, Meta(max_length=512)] | UnsetType = UNSET
    """Chosen by the client, at most 512 characters; repeated in an `error` it causes."""


class SessionUpdate(ClientEventBase, frozen=True, kw_only=True, tag="session.update"):
    """Change the members of the session that are present."""

    session: SessionConfig


class InputAudioBufferAppend(
    ClientEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.append"
):
    """More sound, in the session's input format; at most 15 MiB."""

    audio: bytes


class InputAudioBufferCommit(
    ClientEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.commit"
):
    """Make a user message of the buffer."""


class InputAudioBufferClear(
    ClientEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.clear"
):
    """Forget the buffer."""


class ConversationItemCreate(
    ClientEventBase, frozen=True, kw_only=True, tag="conversation.item.create"
):
    """Add an item."""

    previous_item_id: str | UnsetType | None = UNSET
    """Null or absent: at the end; `root`: first; else after that item."""
    item: Item


class ConversationItemRetrieve(
    ClientEventBase, frozen=True, kw_only=True, tag="conversation.item.retrieve"
):
    """Ask for an item with its audio."""

    item_id: str


class ConversationItemTruncate(
    ClientEventBase, frozen=True, kw_only=True, tag="conversation.item.truncate"
):
    """Say how much of an answer was heard."""

    item_id: str
    content_index: int
    audio_end_ms: int


class ConversationItemDelete(
    ClientEventBase, frozen=True, kw_only=True, tag="conversation.item.delete"
):
    """Take an item out of the conversation."""

    item_id: str


class ResponseCreate(ClientEventBase, frozen=True, kw_only=True, tag="response.create"):
    """Ask for an answer."""

    response: ResponseCreateParams | UnsetType = UNSET


class ResponseCancel(ClientEventBase, frozen=True, kw_only=True, tag="response.cancel"):
    """Stop an answer; without an id the one of the default conversation."""

    response_id: str | UnsetType = UNSET


class OutputAudioBufferClear(
    ClientEventBase, frozen=True, kw_only=True, tag="output_audio_buffer.clear"
):
    """Stop what is being played (WebRTC and SIP)."""


class VivavocePlaybackPlay(
    ClientEventBase, frozen=True, kw_only=True, tag="vivavoce.playback.play"
):
    """Play the listener something that is no part of the conversation; an extension.

    One of `text`, `sound` and `audio`.
    """

    playback_id: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET
    """Chosen by the client; else the server makes one."""
    text: Annotated[str, Meta(min_length=1, max_length=4096)] | UnsetType = UNSET
    """A line, spoken in the session's voice."""
    sound: Annotated[str, Meta(max_length=100)] | UnsetType = UNSET
    """Name of a sound that the operator keeps."""
    audio: bytes | UnsetType = UNSET
    """24 kHz 16-bit mono; at most 15 MiB."""
    loop: bool = False
    """Whether a sound begins again at its end, until something stops it; not for lines."""


class VivavocePlaybackStop(
    ClientEventBase, frozen=True, kw_only=True, tag="vivavoce.playback.stop"
):
    """Stop one of these; without an id, all of them. An extension."""

    playback_id: str | UnsetType = UNSET


ClientEvent = (
    SessionUpdate
    | InputAudioBufferAppend
    | InputAudioBufferCommit
    | InputAudioBufferClear
    | ConversationItemCreate
    | ConversationItemRetrieve
    | ConversationItemTruncate
    | ConversationItemDelete
    | ResponseCreate
    | ResponseCancel
    | OutputAudioBufferClear
    | VivavocePlaybackPlay
    | VivavocePlaybackStop
)


# --- translation sessions ---------------------------------------------------------------------


class TranslationUpdate(ClientEventBase, frozen=True, kw_only=True, tag="session.update"):
    """`session.update` of a translation session."""

    session: TranslationSessionUpdate


class SessionInputAudioBufferAppend(
    ClientEventBase, frozen=True, kw_only=True, tag="session.input_audio_buffer.append"
):
    """More speech to translate, 24 kHz 16-bit mono."""

    audio: bytes


class SessionClose(ClientEventBase, frozen=True, kw_only=True, tag="session.close"):
    """Finish what is pending, then end the session."""


TranslationClientEvent = TranslationUpdate | SessionInputAudioBufferAppend | SessionClose
