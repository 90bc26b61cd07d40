"""What crosses between the Whisper transcriber and its worker process."""

from msgspec import Struct


class Order(Struct, frozen=True, kw_only=True):
    """A stretch of speech to be recognised, and what is known of it."""

    audio: bytes
    """16-bit samples at 24 kHz, up to 28 s."""
    language: str | None = None
    """ISO-639-1; None: detect it."""
    candidates: tuple[str, ...] = ()
    """What is detected is one of these; empty: any."""
    likely_language: str | None = None
    """ISO-639-1, for sound that does not tell; None: English."""
    translates: bool = False
    """Whether the words are wanted in English, not as they were spoken."""
    about: str = ""
    """Names and words to expect. Not what was said before: the small models then stumble."""
    cut_within: int | None = None
    """Choose a place to cut the sound after one of so many first words; None: do not."""


class HeardWord(Struct, frozen=True):
    """A word with the space before it and the punctuation after it."""

    text: str
    tokens: tuple[tuple[str, float], ...] = ()
    """Text and natural-log probability of each."""


class Cut(Struct, frozen=True):
    """A place between two words."""

    n_words: int
    """Words before it."""
    at_s: float


class Answer(Struct, frozen=True, kw_only=True):
    """What was recognised."""

    words: tuple[HeardWord, ...]
    """Joined they are the text; none: there was no speech."""
    language: str
    language_is_sure: bool
    run_ms: float
    """What it cost."""
    cut: Cut | None = None
