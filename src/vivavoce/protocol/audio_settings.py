"""The settings of sound: formats, turn detection, noise reduction, transcription, voice.

Members that a client may leave away are `UNSET` then, so that merging can tell "not mentioned"
from "cleared with null". Source: 20-session-config, sections 2 to 6.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Milliseconds = Annotated[int, Meta(ge=0, le=2**31 - 1)]
"""No upper bound is documented; this one keeps it a sane integer."""
Speed = Annotated[float, Meta(ge=0.25, le=1.5)]

# --- audio formats ----------------------------------------------------------------------------


class PcmFormat(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="audio/pcm",
    forbid_unknown_fields=True,
):
    """Signed 16-bit little-endian mono at 24 kHz: 48 bytes a millisecond."""

    rate: Literal[24000] = 24000


class PcmuFormat(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="audio/pcmu",
    forbid_unknown_fields=True,
):
    """G.711 mu-law, mono at 8 kHz: 8 bytes a millisecond."""


class PcmaFormat(
    Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag="audio/pcma",
    forbid_unknown_fields=True,
):
    """G.711 A-law, mono at 8 kHz: 8 bytes a millisecond."""


AudioFormat = PcmFormat | PcmuFormat | PcmaFormat

# --- input: turn detection, noise, transcription ----------------------------------------------


class ServerVad(Struct, frozen=True, kw_only=True, tag_field="type", tag="server_vad"):
    """Turns end after a silence. Unknown members are ignored (agents-js may add some)."""

    threshold: Annotated[float, Meta(ge=0.0, le=1.0)] | UnsetType = UNSET
    """Probability of speech above which sound counts as speech."""
    prefix_padding_ms: Milliseconds | UnsetType = UNSET
    silence_duration_ms: Milliseconds | UnsetType = UNSET
    idle_timeout_ms: Annotated[int, Meta(ge=5000, le=30_000)] | UnsetType | None = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


class SemanticVad(Struct, frozen=True, kw_only=True, tag_field="type", tag="semantic_vad"):
    """Turns end when the words look finished. Unknown members are ignored."""

    eagerness: Literal["low", "medium", "high", "auto"] | UnsetType = UNSET
    create_response: bool | UnsetType = UNSET
    interrupt_response: bool | UnsetType = UNSET


TurnDetection = ServerVad | SemanticVad


class NoiseReduction(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cleaning of the input before anything else hears it."""

    type: Literal["near_field", "far_field"]
    strength: Annotated[float, Meta(ge=0.0)] | UnsetType = UNSET
    """1 is the usual amount; kept when an update leaves it out."""


class Transcription(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That, and how, the client wants the user's speech transcribed."""

    model: str | UnsetType = UNSET
    language: str | UnsetType | None = UNSET
    """ISO-639-1."""
    prompt: str | UnsetType | None = UNSET
    languages: tuple[str, ...] | UnsetType | None = UNSET
    keywords: tuple[str, ...] | UnsetType | None = UNSET
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | UnsetType | None = UNSET


# --- output --------------------------------------------------------------------------------------


class CustomVoice(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A voice of the operator's own, by id."""

    id: str


Voice = str | CustomVoice
