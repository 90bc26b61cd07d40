"""What a session is told once, at its start, by the operator and about the engines."""

from msgspec import Struct

DEFAULT_INSTRUCTIONS = (
    "You are a friendly voice assistant. Answer briefly and to the point, in plain spoken words, "
    "and in the language of the user."
)


class SessionOptions(Struct, frozen=True, kw_only=True):
    """Settings of the server that the rules depend on. Kept in recordings."""

    model: str = "gpt-realtime"
    """The name the client asked for; echoed."""
    voices: tuple[str, ...] = ("alloy",)
    """Wire names the synthesizer has; empty: any name is passed on."""
    default_voice: str = "alloy"
    instructions: str = DEFAULT_INSTRUCTIONS
    silence_duration_ms: int = 500
    """Of server_vad when the client does not say."""
    window_tokens: int | None = 8192
    """Context window of the language model, in its own tokens."""
    pause_after_ms: int = 32
    """Silence after which the transcriber is asked for a transcript that covers the pause."""
    prepare_after_ms: int | None = 128
    """Silence after which an answer may be prepared; None: never."""
    judges_turns: bool = False
    """Whether an end-of-turn model exists and must agree before an answer is prepared."""
    max_duration_s: float = 3600.0
    """Session length (60-errors-limits, section 3)."""
    extensions: bool = False
    """Whether the client asked for `vivavoce.*` events."""
