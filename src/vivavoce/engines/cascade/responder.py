"""A language model and a synthesizer in a row: the answer is spoken while it is being written."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from vivavoce.engines.cascade.clauses import ClauseCutter, spoken_form
from vivavoce.engines.cascade.plain_words import PlainWords
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    LanguageModel,
    PromptRead,
    ResponseEvent,
    ResponseRequest,
    Synthesizer,
    TextDelta,
    ToolCallStarted,
)


class CascadeResponder:
    """Speaks clause by clause.

    The language model goes on writing in its own process (or on its own server) while a clause is
    synthesised; what it wrote meanwhile waits in its stream.
    """

    hears_audio = False

    def __init__(self, language_model: LanguageModel, synthesizer: Synthesizer) -> None:
        self._language_model = language_model
        self._synthesizer = synthesizer

    @property
    def sees_pictures(self) -> bool:
        """Whether the language model does."""
        return self._language_model.sees_pictures

    @property
    def prepare_after_ms(self) -> int:
        """Silence after which preparing an answer is worth the language model's cost."""
        return self._language_model.prepare_after_ms

    async def respond(
        self, request: ResponseRequest
    ) -> AsyncGenerator[ResponseEvent | PromptRead, None]:
        """Make one answer; each clause's `TextDelta` comes right before its sound."""
        async with aclosing(self._language_model.generate(request.prompt)) as written:
            if request.modality == "text":
                async for event in written:
                    yield event
                return
            speech = _Speech(self._synthesizer, request)
            async for event in written:
                match event:
                    case TextDelta(text=text, n_tokens=n_tokens):
                        clauses = speech.push(text, n_tokens)
                    case ToolCallStarted() | Finished():
                        clauses = speech.flush()
                    case _:
                        clauses = []
                for clause in clauses:
                    async with aclosing(speech.speak(clause)) as spoken:
                        async for sound in spoken:
                            yield sound
                if not isinstance(event, TextDelta):
                    yield event


class _Speech:
    """Text on its way to the voice."""

    def __init__(self, synthesizer: Synthesizer, request: ResponseRequest) -> None:
        self._synthesizer = synthesizer
        self._request = request
        self._plain = PlainWords()
        self._cutter = ClauseCutter()
        self._n_tokens = 0

    def push(self, text: str, n_tokens: int) -> list[str]:
        self._n_tokens += n_tokens
        return self._cutter.push(self._plain.push(text))

    def flush(self) -> list[str]:
        clauses = [*self._cutter.push(self._plain.flush()), *self._cutter.flush()]
        return clauses or ([""] if self._n_tokens else [])

    async def speak(self, clause: str) -> AsyncGenerator[ResponseEvent, None]:
        n_tokens, self._n_tokens = self._n_tokens, 0
        yield TextDelta(clause, n_tokens)
        text = spoken_form(clause)
        if not text:
            return
        request = self._request
        sounds = self._synthesizer.synthesize(text, request.voice, request.speed)
        async with aclosing(sounds):
            async for sound in sounds:
                yield AudioDelta(sound.data)
