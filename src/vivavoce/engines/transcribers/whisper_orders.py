"""What crosses between the Whisper transcriber and its worker process."""

from msgspec import Struct


class Order(Struct, frozen=True, kw_only=True):
    """A stretch of speech to be recognised, and what is known of it."""

    audio: bytes
    """16-bit samples at 24 kHz, up to 28 s."""
    language: str | None = None
    """ISO-639-1; None: detect it."""
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

    @property
    def mean_logprob(self) -> float:
        """How sure the model is of a token, on average."""
        logprobs = [logprob for word in self.words for _, logprob in word.tokens]
        return sum(logprobs) / len(logprobs) if logprobs else 0.0
