"""What says in another language what was heard."""

from typing import Protocol

from msgspec import Struct

from vivavoce.interfaces.language import TextDelta
from vivavoce.interfaces.speaking import AudioDelta
from vivavoce.interfaces.stream import Stream


class TranslatedText(Struct, frozen=True):
    """An earlier utterance, in both languages."""

    said: str
    translation: str


class TranslationRequest(Struct, frozen=True, kw_only=True):
    """One utterance to be translated. Either `audio` or `text` is given, as the engine needs."""

    session_id: str
    language: str
    """To translate into, as the client wrote it; one of the engine's `languages` if it has any."""
    voice: str = "alloy"
    """For engines that speak."""
    audio: bytes = b""
    """24 kHz 16-bit mono, at most 20 s and the silence around it."""
    text: str = ""
    """What was said, for engines that need a transcript."""
    likely_language: str | None = None
    """ISO-639-1, what was spoken before; None: not known."""
    earlier: tuple[TranslatedText, ...] = ()
    """The last utterances, for engines that need a transcript; oldest first."""


class Translated(Struct, frozen=True, tag=True):
    """The end of a translation: exactly one, and last."""

    source_language: str | None = None
    """ISO-639-1, when the engine found out."""


TranslationEvent = TextDelta | AudioDelta | Translated


class Translator(Protocol):
    """Writes in another language what was said."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages it writes, ISO-639-1; empty: any, and their names are passed on."""
        ...

    @property
    def needs_transcript(self) -> bool:
        """Whether it is given text, and not audio."""
        ...

    def translate(self, request: TranslationRequest) -> Stream[TextDelta | Translated]:
        """Translate one utterance; no text when nothing was said."""
        ...


class Interpreter(Protocol):
    """Says in another language what was said."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages it speaks, ISO-639-1; empty: any, and their names are passed on."""
        ...

    @property
    def needs_transcript(self) -> bool:
        """Whether it is given text, and not audio."""
        ...

    def interpret(self, request: TranslationRequest) -> Stream[TranslationEvent]:
        """Translate and speak one utterance; a `TextDelta` comes right before its sound."""
        ...
