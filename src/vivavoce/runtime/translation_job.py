"""One utterance on its way into another language: from the interpreter to the inbox."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from vivavoce.core.inputs import Input, TranslationProgress
from vivavoce.core.outputs import StartTranslation
from vivavoce.errors import EngineError
from vivavoce.interfaces import AudioDelta, Interpreter, Translated, TranslationEvent
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.runtime.jobs import Watch
from vivavoce.runtime.response_job import PIECE_MS, pieces


async def run_translation(
    order: StartTranslation,
    interpreter: Interpreter,
    post: Callable[[Input], Awaitable[None]],
    watch: Watch,
) -> None:
    """Have an utterance translated and post every event, at the pace the client can take.

    Raises:
        EngineError: the interpreter gave up, or ended without `Translated`.
    """
    async with aclosing(interpreter.interpret(order.request)) as events:
        watch.engine_is_asked()
        async for event in events:
            watch.engine_has_answered()
            for piece in _cut(event):
                await post(TranslationProgress(order.utterance_id, piece))
            if isinstance(event, Translated):
                return
            watch.engine_is_asked()
    raise EngineError("The translation ended without an end.")


def _cut(event: TranslationEvent) -> list[TranslationEvent]:
    """Cut long sound, so that a slow client holds the engine up in time."""
    if not isinstance(event, AudioDelta):
        return [event]
    return [AudioDelta(piece) for piece in pieces(event.data, PIECE_MS * BYTES_PER_MS)]
