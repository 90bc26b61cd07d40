"""What a translation session is told once, at its start, by the operator and about the engines."""

from msgspec import Struct

from vivavoce.protocol.session import TranslationSessionUpdate

DEFAULT_TRANSLATION_MODEL = "gpt-realtime-translate"


class TranslationOptions(Struct, frozen=True, kw_only=True):
    """Settings of the server that the rules of translation depend on. Kept in recordings."""

    model: str = DEFAULT_TRANSLATION_MODEL
    """The name the client asked for; echoed."""
    languages: tuple[str, ...] = ()
    """Languages the interpreter speaks, ISO-639-1; empty: any name is passed on."""
    language: str = "en"
    """The language to translate into, until the client sets its own."""
    voice: str = "alloy"
    """Of the translated speech; the protocol lets no client choose."""
    needs_transcript: bool = False
    """Whether the interpreter reads what was said, instead of hearing it."""
    silence_duration_ms: int = 500
    """Silence that ends an utterance, as long as the utterance is short."""
    pause_after_ms: int = 32
    """Silence after which the transcriber is asked for a transcript that covers the pause."""
    bound: TranslationSessionUpdate | None = None
    """Settings that came with the client's key; they can be enacted."""
    max_duration_s: float = 3600.0
    """Session length (50-flows, section 20)."""
