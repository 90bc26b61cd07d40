"""What makes an answer heard: the synthesizer, and the responder that makes it whole."""

from typing import Literal, Protocol

from msgspec import Struct

from vivavoce.interfaces.language import (
    Finished,
    LanguageModel,
    Prompt,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)
from vivavoce.interfaces.stream import Stream
from vivavoce.media.pcm import Pcm


class Synthesizer(Protocol):
    """Speaks text."""

    @property
    def voices(self) -> tuple[str, ...]:
        """Wire names of the voices it has; empty: any name is passed on."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages it speaks, ISO-639-1; empty: not known, any text is passed on."""
        ...

    @property
    def custom_voices(self) -> bool:
        """Whether it knows voices made from recordings, by their ids: `voice_...`."""
        ...

    def synthesize(self, text: str, voice: str, speed: float) -> Stream[Pcm]:
        """Speak one piece of text at 24 kHz; `speed` 0.25 to 1.5 keeps the pitch.

        `voice` is a wire name, or the id of a custom voice where there are such.
        """
        ...


class ResponseRequest(Struct, frozen=True, kw_only=True):
    """One answer to be made."""

    response_id: str
    prompt: Prompt
    modality: Literal["text", "audio"] = "audio"
    voice: str = "alloy"
    speed: float = 1.0


class AudioDelta(Struct, frozen=True, tag=True):
    """Speech of the words in the `TextDelta`s before it, 24 kHz 16-bit mono."""

    data: bytes


ResponseEvent = (
    TextDelta | AudioDelta | ToolCallStarted | ToolCallDelta | ToolCallFinished | Finished
)


class Responder(Protocol):
    """Makes a whole answer: text, sound, calls."""

    @property
    def hears_audio(self) -> bool:
        """Whether it wants the user's sound in its prompts, besides the transcripts."""
        ...

    @property
    def prepare_after_ms(self) -> int:
        """Silence after which preparing an answer is worth its cost."""
        ...

    def respond(self, request: ResponseRequest) -> Stream[ResponseEvent]:
        """Make one answer.

        For audio a `TextDelta` comes right before the sound of its words (a clause or sentence
        at a time), so that what was not heard can be told from what was.
        """
        ...


class ResponderEngine(Struct, frozen=True, kw_only=True):
    """What an engine is that answers by itself, with neither language model nor synthesizer."""

    responder: Responder
    language_model: LanguageModel
    """The same engine as a writer: what it counts, accepts and forgets, without a voice."""
    voices: tuple[str, ...] = ()
    """Wire names of its voices; empty: any is passed on."""
