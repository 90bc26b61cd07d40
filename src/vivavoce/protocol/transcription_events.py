"""Server events about the transcription of the user's speech. Source: 40-server-events."""

from msgspec import UNSET, Struct, UnsetType

from vivavoce.protocol.response import TranscriptionUsage
from vivavoce.protocol.server_event_base import ServerEventBase


class TranscriptionError(Struct, frozen=True, kw_only=True):
    """Why a transcription failed; strings only, agents-js takes no null."""

    type: str = "transcription_error"
    code: str = "audio_unintelligible"
    message: str
    param: str = ""


class Logprob(Struct, frozen=True, kw_only=True):
    """One token of a transcript with its natural-log probability."""

    token: str
    logprob: float
    bytes: tuple[int, ...]
    """The token's UTF-8 bytes as numbers."""


class TranscriptLanguage(Struct, frozen=True, kw_only=True):
    """A language heard in the audio."""

    code: str
    """ISO-639-1."""


class ConversationItemInputAudioTranscriptionDelta(
    ServerEventBase,
    frozen=True,
    kw_only=True,
    tag="conversation.item.input_audio_transcription.delta",
):
    """Words that will not change any more."""

    item_id: str
    content_index: int
    delta: str
    logprobs: tuple[Logprob, ...] | UnsetType | None = UNSET
    obfuscation: str | UnsetType = UNSET


class ConversationItemInputAudioTranscriptionCompleted(
    ServerEventBase,
    frozen=True,
    kw_only=True,
    tag="conversation.item.input_audio_transcription.completed",
):
    """The transcript of an item."""

    item_id: str
    content_index: int
    transcript: str
    usage: TranscriptionUsage
    languages: tuple[TranscriptLanguage, ...] | UnsetType = UNSET
    logprobs: tuple[Logprob, ...] | UnsetType | None = UNSET


class ConversationItemInputAudioTranscriptionSegment(
    ServerEventBase,
    frozen=True,
    kw_only=True,
    tag="conversation.item.input_audio_transcription.segment",
):
    """A stretch of speech of one speaker."""

    id: str
    item_id: str
    content_index: int
    text: str
    speaker: str
    start: float
    """Seconds from the beginning of the item."""
    end: float
    """Seconds from the beginning of the item."""


class ConversationItemInputAudioTranscriptionFailed(
    ServerEventBase,
    frozen=True,
    kw_only=True,
    tag="conversation.item.input_audio_transcription.failed",
):
    """An item could not be transcribed."""

    item_id: str
    content_index: int
    error: TranscriptionError
