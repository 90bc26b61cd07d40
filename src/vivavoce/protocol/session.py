"""The settings of a session: as received in `session.update`, and as echoed in full.

What is received (`...Update`) may leave every member away (`UNSET`), so that merging can tell
"not mentioned" from "cleared with null". What is echoed is the whole effective session.
Unknown members are refused, except in turn detection, where clients are known to add some.
Source: 20-session-config.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from vivavoce.protocol.audio_settings import (
    AudioFormat,
    NoiseReduction,
    Speed,
    Transcription,
    TurnDetection,
    Voice,
)
from vivavoce.protocol.tools import (
    Tool,
    ToolChoice,
)

MaxOutputTokens = Annotated[int, Meta(ge=1, le=4096)] | Literal["inf"]
Modality = Literal["text", "audio"]
OutputModalities = Annotated[tuple[Modality, ...], Meta(min_length=1, max_length=1)]
Include = tuple[Literal["item.input_audio_transcription.logprobs"], ...]

# --- truncation, tracing, prompt, reasoning ---------------------------------------------------


class TokenLimits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of the context beside the window of the model."""

    post_instructions: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    """Tokens of the conversation after instructions and tools."""


class RetentionRatio(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="retention_ratio",
    forbid_unknown_fields=True,
):
    """How much of the conversation is kept when it must be cut."""

    retention_ratio: Annotated[float, Meta(ge=0.0, le=1.0)]
    token_limits: TokenLimits | UnsetType = UNSET


Truncation = Literal["auto", "disabled"] | RetentionRatio


class TracingConfiguration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names under which a trace of the session is kept."""

    workflow_name: str | UnsetType = UNSET
    group_id: str | UnsetType = UNSET
    metadata: dict[str, object] | UnsetType = UNSET


Tracing = Literal["auto"] | TracingConfiguration


class PromptCacheBreakpoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hint on where a cached prefix ends."""

    mode: Literal["explicit"]
    ttl: Literal["30m", "12h"] | UnsetType | None = UNSET


class PromptText(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="input_text",
    forbid_unknown_fields=True,
):
    """Text as the value of a prompt's variable."""

    text: str
    prompt_cache_breakpoint: PromptCacheBreakpoint | UnsetType | None = UNSET


class PromptImage(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="input_image",
    forbid_unknown_fields=True,
):
    """A picture as the value of a prompt's variable."""

    detail: Literal["low", "high", "auto", "original"] | UnsetType = UNSET
    image_url: str | UnsetType | None = UNSET
    file_id: str | UnsetType | None = UNSET
    prompt_cache_breakpoint: PromptCacheBreakpoint | UnsetType | None = UNSET


class PromptFile(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="input_file",
    forbid_unknown_fields=True,
):
    """A file as the value of a prompt's variable."""

    detail: Literal["auto", "low", "high"] | UnsetType | None = UNSET
    file_data: str | UnsetType | None = UNSET
    file_id: str | UnsetType | None = UNSET
    file_url: str | UnsetType | None = UNSET
    filename: str | UnsetType | None = UNSET
    prompt_cache_breakpoint: PromptCacheBreakpoint | UnsetType | None = UNSET


class StoredPrompt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A prompt kept on the server, with values for its variables."""

    id: str
    version: str | UnsetType | None = UNSET
    variables: dict[str, str | PromptText | PromptImage | PromptFile] | UnsetType | None = UNSET


class Reasoning(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How hard a reasoning model thinks."""

    effort: Literal["minimal", "low", "medium", "high", "xhigh"] | UnsetType = UNSET


# --- as received ------------------------------------------------------------------------------


class AudioInputUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an update says about the sound the server hears."""

    format: AudioFormat | UnsetType = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    noise_reduction: NoiseReduction | UnsetType | None = UNSET
    turn_detection: TurnDetection | UnsetType | None = UNSET


class AudioOutputUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an update says about the sound the server makes."""

    format: AudioFormat | UnsetType = UNSET
    voice: Voice | UnsetType = UNSET
    speed: Speed | UnsetType = UNSET


class AudioUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an update says about sound."""

    input: AudioInputUpdate | UnsetType = UNSET
    output: AudioOutputUpdate | UnsetType = UNSET


class RealtimeSessionUpdate(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="realtime",
    forbid_unknown_fields=True,
):
    """`session.update.session` of a session that answers."""

    model: str | UnsetType = UNSET
    output_modalities: OutputModalities | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    tools: tuple[Tool, ...] | UnsetType = UNSET
    tool_choice: ToolChoice | UnsetType = UNSET
    max_output_tokens: MaxOutputTokens | UnsetType = UNSET
    tracing: Tracing | UnsetType | None = UNSET
    truncation: Truncation | UnsetType = UNSET
    prompt: StoredPrompt | UnsetType | None = UNSET
    audio: AudioUpdate | UnsetType = UNSET
    include: Include | UnsetType | None = UNSET
    reasoning: Reasoning | UnsetType | None = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    """Comes from Beta clients only; the GA codec refuses it."""


class TranscriptionAudioUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an update says about the sound of a transcription session."""

    input: AudioInputUpdate | UnsetType = UNSET


class TranscriptionSessionUpdate(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="transcription",
    forbid_unknown_fields=True,
):
    """`session.update.session` of a session that only writes down what it hears."""

    audio: TranscriptionAudioUpdate | UnsetType = UNSET
    include: Include | UnsetType | None = UNSET


class TranslationTranscription(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That the client of a translation wants the source transcribed."""

    model: str


class TranslationInputUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an update says about the speech to be translated."""

    transcription: TranslationTranscription | UnsetType | None = UNSET
    noise_reduction: NoiseReduction | UnsetType | None = UNSET


class TranslationOutputUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an update says about the translated speech."""

    language: str | UnsetType = UNSET
    """The language to translate into, ISO-639-1."""


class TranslationAudioUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an update says about the sound of a translation session."""

    input: TranslationInputUpdate | UnsetType = UNSET
    output: TranslationOutputUpdate | UnsetType = UNSET


class TranslationSessionUpdate(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="translation",
    forbid_unknown_fields=True,
):
    """`session.update.session` of a translation session; its `type` may be absent."""

    audio: TranslationAudioUpdate | UnsetType = UNSET


SessionConfig = RealtimeSessionUpdate | TranscriptionSessionUpdate

# --- as echoed --------------------------------------------------------------------------------


class AudioInput(Struct, frozen=True, kw_only=True):
    """The sound the server hears; clients get null for what is off."""

    format: AudioFormat
    transcription: Transcription | None = None
    noise_reduction: NoiseReduction | None = None
    turn_detection: TurnDetection | None = None


class AudioOutput(Struct, frozen=True, kw_only=True):
    """The sound the server makes."""

    format: AudioFormat
    voice: Voice
    speed: float = 1.0


class SessionAudio(Struct, frozen=True, kw_only=True):
    """The sound of a session."""

    input: AudioInput
    output: AudioOutput


class RealtimeSession(Struct, frozen=True, kw_only=True, tag_field="type", tag="realtime"):
    """The whole effective session, members in the order of the hosted service's echo."""

    object: Literal["realtime.session"] = "realtime.session"
    id: str
    model: str
    output_modalities: tuple[Modality, ...]
    instructions: str
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    max_output_tokens: int | Literal["inf"] = "inf"
    tracing: Tracing | None = None
    truncation: Truncation = "auto"
    prompt: StoredPrompt | None = None
    expires_at: int
    """Unix seconds."""
    audio: SessionAudio
    include: Include | None = None
    reasoning: Reasoning | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    temperature: float | UnsetType = UNSET
    """Of sessions that a Beta client opened; GA knows none."""


class TranscriptionSessionAudio(Struct, frozen=True, kw_only=True):
    """The sound of a transcription session."""

    input: AudioInput


class TranscriptionSession(
    Struct, frozen=True, kw_only=True, tag_field="type", tag="transcription"
):
    """The whole effective transcription session (20-session-config, section 7)."""

    object: Literal["realtime.transcription_session"] = "realtime.transcription_session"
    id: str
    expires_at: int
    """Unix seconds."""
    audio: TranscriptionSessionAudio
    include: Include | None = None


class TranslationInput(Struct, frozen=True, kw_only=True):
    """The speech to be translated."""

    transcription: TranslationTranscription | None = None
    noise_reduction: NoiseReduction | None = None


class TranslationOutput(Struct, frozen=True, kw_only=True):
    """The translated speech."""

    language: str


class TranslationSessionAudio(Struct, frozen=True, kw_only=True):
    """The sound of a translation session."""

    input: TranslationInput
    output: TranslationOutput


class TranslationSession(Struct, frozen=True, kw_only=True, tag_field="type", tag="translation"):
    """The whole effective translation session (20-session-config, section 8)."""

    id: str
    model: str
    expires_at: int
    """Unix seconds."""
    audio: TranslationSessionAudio


Session = RealtimeSession | TranscriptionSession | TranslationSession
