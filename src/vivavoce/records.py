"""What is kept of sessions, as the runtime makes it and the store keeps it: usage and traces."""

from typing import Literal

from msgspec import Struct

# --- usage ------------------------------------------------------------------------------------


class UsagePlace(Struct, frozen=True, order=True):
    """What usage is added up by."""

    day: str
    """UTC, `2026-01-31`."""
    key: str
    """The name of the key, or a hashed id; never the key."""
    model: str
    """As the client named it."""


class Usage(Struct, kw_only=True):
    """What was used. Token counts are those of `response.done`."""

    sessions: int = 0
    responses: int = 0
    input_tokens: int = 0
    input_text_tokens: int = 0
    input_audio_tokens: int = 0
    cached_tokens: int = 0
    """Part of the input tokens."""
    output_tokens: int = 0
    output_text_tokens: int = 0
    output_audio_tokens: int = 0
    transcribed_s: float = 0.0
    """Sound given to the transcriber."""
    session_s: float = 0.0
    """Length of the sessions that have ended."""

    def add(self, other: "Usage") -> None:
        """Add what was used elsewhere."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class UsageRecord(Struct, frozen=True, kw_only=True):
    """The usage of a key on one day with one model."""

    place: UsagePlace
    usage: Usage


# --- traces -----------------------------------------------------------------------------------

SpanKind = Literal["session", "turn", "transcription", "response", "tool_call"]
AttributeValue = str | int | float | bool


class Span(Struct, frozen=True, kw_only=True):
    """A stretch of time in a session."""

    trace_id: str
    """32 hex digits, as in OpenTelemetry."""
    span_id: str
    """16 hex digits."""
    parent_id: str | None
    """None: the session itself."""
    kind: SpanKind
    name: str
    """The kind, or of a tool call the tool's name."""
    started_ms: float
    """Unix time in milliseconds."""
    ended_ms: float
    status: str
    """`completed`, or how it ended otherwise, in the protocol's words."""
    failed: bool = False
    attributes: dict[str, AttributeValue]


class Trace(Struct, frozen=True, kw_only=True):
    """One session that is traced; its spans are kept as they end."""

    trace_id: str
    session_id: str
    key: str
    """As in `UsagePlace`."""
    model: str
    workflow_name: str | None = None
    group_id: str | None = None
    started_ms: float
    """Unix time in milliseconds."""
