"""A line that somebody else wrote, spoken."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from vivavoce.engines.cascade.clauses import ClauseCutter, spoken_form
from vivavoce.interfaces import Synthesizer
from vivavoce.media.pcm import Pcm


async def speak_line(
    synthesizer: Synthesizer, text: str, voice: str, speed: float
) -> AsyncGenerator[Pcm, None]:
    """Speak a line of any length, clause by clause, so that its first sound is there soon.

    Args:
        synthesizer: speaks.
        text: as it is written.
        voice: as for `Synthesizer.synthesize`.
        speed: likewise.

    Raises:
        EngineError: the synthesizer gave up.
    """
    cutter = ClauseCutter()
    for clause in [*cutter.push(text), *cutter.flush()]:
        if words := spoken_form(clause):
            async with aclosing(synthesizer.synthesize(words, voice, speed)) as sounds:
                async for sound in sounds:
                    yield sound
