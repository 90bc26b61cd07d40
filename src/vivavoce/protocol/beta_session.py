"""The flat sessions of the Beta dialect: as received in updates, and as echoed.

Sources: 20-session-config, sections 9 and 10; 70-beta-vs-ga.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from vivavoce.protocol.audio_settings import SemanticVad, ServerVad, Speed
from vivavoce.protocol.session import Include, MaxOutputTokens, Modality, StoredPrompt, Tracing
from vivavoce.protocol.tools import FunctionTool, NamedFunction

BetaAudioFormat = Literal["pcm16", "g711_ulaw", "g711_alaw"]
BetaModalities = Annotated[tuple[Modality, ...], Meta(min_length=1, max_length=2)]
"""`text` alone, or `audio` with the `text` that it implies, in either order."""
BetaToolChoice = Literal["none", "auto", "required"] | NamedFunction
Temperature = Annotated[float, Meta(ge=0.6, le=1.2)]
DEFAULT_TEMPERATURE = 0.8


class NoTurnDetection(Struct, frozen=True, kw_only=True, tag_field="type", tag="none"):
    """What some old clients write for null (30-client-events, "session.update")."""


BetaTurnDetection = ServerVad | SemanticVad | NoTurnDetection


class BetaNoiseReduction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cleaning of the input before anything else hears it."""

    type: Literal["near_field", "far_field"]


class BetaTranscription(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That, and how, the client wants the user's speech transcribed."""

    model: str | UnsetType | None = UNSET
    language: str | UnsetType | None = UNSET
    """ISO-639-1."""
    prompt: str | UnsetType | None = UNSET


# --- as received ------------------------------------------------------------------------------


class BetaRealtimeUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`session.update.session`.

    Old clients send whole sessions back, with what only the server sets and with null for what
    they don't use; both are accepted and change nothing.
    """

    id: str | UnsetType | None = UNSET
    object: str | UnsetType | None = UNSET
    expires_at: int | UnsetType | None = UNSET
    client_secret: dict[str, Any] | UnsetType | None = UNSET
    model: str | UnsetType | None = UNSET
    modalities: BetaModalities | UnsetType | None = UNSET
    instructions: str | UnsetType | None = UNSET
    voice: str | UnsetType | None = UNSET
    input_audio_format: BetaAudioFormat | UnsetType | None = UNSET
    output_audio_format: BetaAudioFormat | UnsetType | None = UNSET
    input_audio_transcription: BetaTranscription | UnsetType | None = UNSET
    """Null turns it off."""
    input_audio_noise_reduction: BetaNoiseReduction | UnsetType | None = UNSET
    """Null turns it off."""
    turn_detection: BetaTurnDetection | UnsetType | None = UNSET
    """Null turns it off."""
    tools: tuple[FunctionTool, ...] | UnsetType | None = UNSET
    tool_choice: BetaToolChoice | UnsetType | None = UNSET
    temperature: Temperature | UnsetType | None = UNSET
    max_response_output_tokens: MaxOutputTokens | UnsetType | None = UNSET
    speed: Speed | UnsetType | None = UNSET
    tracing: Tracing | UnsetType | None = UNSET
    prompt: StoredPrompt | UnsetType | None = UNSET
    include: Include | UnsetType | None = UNSET


class BetaTranscriptionUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`transcription_session.update.session`; whole sessions are accepted here too."""

    id: str | UnsetType | None = UNSET
    object: str | UnsetType | None = UNSET
    expires_at: int | UnsetType | None = UNSET
    client_secret: dict[str, Any] | UnsetType | None = UNSET
    modalities: BetaModalities | UnsetType | None = UNSET
    """May be there, means nothing."""
    input_audio_format: BetaAudioFormat | UnsetType | None = UNSET
    input_audio_transcription: BetaTranscription | UnsetType | None = UNSET
    input_audio_noise_reduction: BetaNoiseReduction | UnsetType | None = UNSET
    turn_detection: BetaTurnDetection | UnsetType | None = UNSET
    include: Include | UnsetType | None = UNSET


# --- as echoed --------------------------------------------------------------------------------


class BetaSession(Struct, frozen=True, kw_only=True):
    """The whole effective session, members in the order of the hosted service's echo."""

    id: str
    object: Literal["realtime.session"] = "realtime.session"
    model: str
    expires_at: int
    """Unix seconds."""
    modalities: tuple[Modality, ...]
    instructions: str
    voice: str
    turn_detection: ServerVad | SemanticVad | None
    input_audio_format: BetaAudioFormat
    output_audio_format: BetaAudioFormat
    input_audio_transcription: BetaTranscription | None
    input_audio_noise_reduction: BetaNoiseReduction | None
    tool_choice: BetaToolChoice
    temperature: float | UnsetType
    max_response_output_tokens: int | Literal["inf"]
    speed: float
    tracing: Tracing | None
    prompt: StoredPrompt | None
    client_secret: None = None
    include: Include | None
    tools: tuple[FunctionTool, ...]


class BetaTranscriptionSession(Struct, frozen=True, kw_only=True):
    """The whole effective transcription session."""

    id: str
    object: Literal["realtime.transcription_session"] = "realtime.transcription_session"
    expires_at: int
    """Unix seconds."""
    input_audio_format: BetaAudioFormat
    input_audio_transcription: BetaTranscription | None
    turn_detection: ServerVad | SemanticVad | None
    input_audio_noise_reduction: BetaNoiseReduction | None
    include: Include | None
    client_secret: None = None
