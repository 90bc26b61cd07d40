"""What makes an answer heard: the synthesizer, and the responder that makes it whole."""

from typing import Literal, Protocol

from msgspec import Struct

from vivavoce.interfaces.language import (
    Finished,
    LanguageModel,
    Prompt,
    PromptRead,
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


class Speak(Protocol):
    """Speaks a line that is no answer, of any length."""

    def __call__(self, text: str, voice: str, speed: float) -> Stream[Pcm]:
        """Speak it at 24 kHz; `voice` and `speed` as for `Synthesizer.synthesize`."""
        ...


class ResponseRequest(Struct, frozen=True, kw_only=True):
    """One answer to be made."""

    response_id: str
    prompt: Prompt
    modality: Literal["text", "audio"] = "audio"
    voice: str = "alloy"
    speed: float = 1.0
    for_user: bool = True
    """False: a note of the server to itself, at which no guard rail looks."""


class AudioDelta(Struct, frozen=True, tag=True):
    """Speech of the words in the `TextDelta`s before it, 24 kHz 16-bit mono."""

    data: bytes


class PhaseStarted(Struct, frozen=True, tag=True):
    """A message of its own begins, of a model that tells its comments from its answer."""

    phase: str
    """In the model's words: `commentary` or `final_answer`."""


class GuardrailTripped(Struct, frozen=True, tag=True):
    """A check of the operator stopped the answer; what follows is said in its place."""

    guardrail: str
    """Its name."""
    text: str | None = None
    """What was held back; None: it is not to be told."""
    n_tokens: int = 0
    """Tokens that were written and held back."""


ResponseEvent = (
    TextDelta
    | AudioDelta
    | PhaseStarted
    | ToolCallStarted
    | ToolCallDelta
    | ToolCallFinished
    | GuardrailTripped
    | Finished
)


class Responder(Protocol):
    """Makes a whole answer: text, sound, calls."""

    @property
    def hears_audio(self) -> bool:
        """Whether it wants the user's sound in its prompts, besides the transcripts."""
        ...

    @property
    def sees_pictures(self) -> bool:
        """Whether it wants pictures as they are, in `parts`; else it is given words for them."""
        ...

    @property
    def prepare_after_ms(self) -> int:
        """Silence after which preparing an answer is worth its cost."""
        ...

    def respond(self, request: ResponseRequest) -> Stream[ResponseEvent | PromptRead]:
        """Make one answer; what is no event of it only says that the engine is alive.

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
