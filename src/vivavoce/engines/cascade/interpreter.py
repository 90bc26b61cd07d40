"""A translator and a synthesizer in a row: the translation is spoken while it is being written."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from vivavoce.engines.cascade.clauses import ClauseCutter, spoken_form
from vivavoce.interfaces import (
    AudioDelta,
    Synthesizer,
    TextDelta,
    TranslationEvent,
    TranslationRequest,
    Translator,
)

NORMAL_SPEED = 1.0


class CascadeInterpreter:
    """Speaks clause by clause, like `CascadeResponder`."""

    def __init__(self, translator: Translator, synthesizer: Synthesizer) -> None:
        self._translator = translator
        self._synthesizer = synthesizer
        self.needs_transcript = translator.needs_transcript
        self.languages = common_languages(translator.languages, synthesizer.languages)

    async def interpret(
        self, request: TranslationRequest
    ) -> AsyncGenerator[TranslationEvent, None]:
        """Translate and speak one utterance; each clause's `TextDelta` comes before its sound.

        Raises:
            EngineError: one of the two failed.
        """
        cutter = ClauseCutter()
        async with aclosing(self._translator.translate(request)) as written:
            async for event in written:
                if is_text := isinstance(event, TextDelta):
                    clauses = cutter.push(event.text)
                else:
                    clauses = cutter.flush()
                for clause in clauses:
                    yield TextDelta(clause)
                    async with aclosing(self._speak(clause, request.voice)) as spoken:
                        async for sound in spoken:
                            yield sound
                if not is_text:
                    yield event

    async def _speak(self, clause: str, voice: str) -> AsyncGenerator[AudioDelta, None]:
        text = spoken_form(clause)
        if not text:
            return
        async with aclosing(self._synthesizer.synthesize(text, voice, NORMAL_SPEED)) as sounds:
            async for sound in sounds:
                yield AudioDelta(sound.data)


def common_languages(written: tuple[str, ...], spoken: tuple[str, ...]) -> tuple[str, ...]:
    """Return the languages that can be both written and spoken; empty means any, on each side."""
    if not written or not spoken:
        return written or spoken
    return tuple(language for language in written if language in spoken)
