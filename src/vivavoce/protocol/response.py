"""The response object, its outcome and what it cost, and the overrides of `response.create`.

Source: 40-server-events, section 3; 30-client-events, "response.create".
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from vivavoce.protocol.audio_settings import AudioFormat, Voice
from vivavoce.protocol.items import InputItem, Item
from vivavoce.protocol.session import (
    MaxOutputTokens,
    Modality,
    OutputModalities,
    Reasoning,
    StoredPrompt,
)
from vivavoce.protocol.tools import Tool, ToolChoice

Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]],
    Meta(max_length=16),
]
"""At most 16 pairs (60-errors-limits, section 3); echoed unchanged."""

# --- outcome ----------------------------------------------------------------------------------

ResponseStatus = Literal["in_progress", "completed", "cancelled", "failed", "incomplete"]


class StatusError(Struct, frozen=True, kw_only=True):
    """Why a response failed; clients read `message` without asking whether it is there."""

    type: str
    code: str | None = None
    message: str


class StatusDetails(Struct, frozen=True, kw_only=True):
    """How a response that was not completed ended; members that do not apply stay away."""

    type: Literal["completed", "cancelled", "incomplete", "failed"]
    reason: (
        Literal["turn_detected", "client_cancelled", "max_output_tokens", "content_filter"]
        | UnsetType
    ) = UNSET
    error: StatusError | UnsetType = UNSET


# --- cost -------------------------------------------------------------------------------------


class CachedTokensDetails(Struct, frozen=True, kw_only=True):
    """The part of the input that did not have to be read again, by kind."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0


class InputTokenDetails(Struct, frozen=True, kw_only=True):
    """The input of a response by kind, cached tokens included."""

    text_tokens: int = 0
    audio_tokens: int = 0
    image_tokens: int = 0
    cached_tokens: int = 0
    cached_tokens_details: CachedTokensDetails = CachedTokensDetails()


class OutputTokenDetails(Struct, frozen=True, kw_only=True):
    """The output of a response by kind; the transcript of speech counts as text."""

    text_tokens: int = 0
    audio_tokens: int = 0


class Usage(Struct, frozen=True, kw_only=True):
    """The cost of a response; sent whole with every `response.done`."""

    total_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    input_token_details: InputTokenDetails = InputTokenDetails()
    output_token_details: OutputTokenDetails = OutputTokenDetails()


class TranscriptionInputTokenDetails(Struct, frozen=True, kw_only=True):
    """The input of a transcription by kind; agents-js needs both members."""

    text_tokens: int = 0
    audio_tokens: int = 0


class TokensUsage(Struct, frozen=True, kw_only=True, tag_field="type", tag="tokens"):
    """The cost of a transcription in tokens."""

    total_tokens: int
    input_tokens: int
    output_tokens: int
    input_token_details: TranscriptionInputTokenDetails | UnsetType = UNSET


class DurationUsage(Struct, frozen=True, kw_only=True, tag_field="type", tag="duration"):
    """The cost of a transcription in seconds of audio."""

    seconds: float


TranscriptionUsage = TokensUsage | DurationUsage


class RateLimit(Struct, frozen=True, kw_only=True):
    """What is left of one of the limits that the operator set."""

    name: Literal["requests", "tokens"]
    limit: int
    remaining: int
    reset_seconds: float


# --- the object -------------------------------------------------------------------------------


class ResponseAudioOutput(Struct, frozen=True, kw_only=True):
    """How a response sounds."""

    format: AudioFormat
    voice: str | None
    """A string even for a custom voice (its id): agents-js takes nothing else."""


class ResponseAudio(Struct, frozen=True, kw_only=True):
    """How a response sounds, as nested on the wire."""

    output: ResponseAudioOutput


class Response(Struct, frozen=True, kw_only=True):
    """One answer: its settings, its items, its outcome."""

    object: Literal["realtime.response"] = "realtime.response"
    id: str
    status: ResponseStatus
    status_details: StatusDetails | None = None
    output: tuple[Item, ...] = ()
    """Empty in `response.created`; all items, without audio bytes, in `response.done`."""
    conversation_id: str | None = None
    """Null for out-of-band responses."""
    output_modalities: tuple[Modality, ...]
    max_output_tokens: int | Literal["inf"] = "inf"
    audio: ResponseAudio
    usage: Usage | None = None
    metadata: dict[str, str] | None = None
    temperature: float | UnsetType = UNSET
    """Of Beta clients' responses; GA knows none."""


# --- response.create --------------------------------------------------------------------------


class ResponseCreateAudioOutput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this one response is to sound."""

    format: AudioFormat | UnsetType = UNSET
    voice: Voice | UnsetType = UNSET


class ResponseCreateAudio(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this one response is to sound, as nested on the wire."""

    output: ResponseCreateAudioOutput | UnsetType = UNSET


class ResponseCreateParams(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What differs from the session for this one response."""

    conversation: Literal["auto", "none"] | UnsetType = UNSET
    """`none`: out of band, nothing is added to the conversation."""
    input: tuple[InputItem, ...] | UnsetType = UNSET
    """When there, the whole context of the response; empty is allowed."""
    instructions: str | UnsetType = UNSET
    output_modalities: OutputModalities | UnsetType = UNSET
    audio: ResponseCreateAudio | UnsetType = UNSET
    tools: tuple[Tool, ...] | UnsetType = UNSET
    tool_choice: ToolChoice | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    reasoning: Reasoning | UnsetType = UNSET
    max_output_tokens: MaxOutputTokens | UnsetType = UNSET
    metadata: Metadata | UnsetType | None = UNSET
    temperature: float | UnsetType = UNSET
    """Comes from Beta clients only; the GA codec refuses it."""
    prompt: StoredPrompt | UnsetType | None = UNSET
