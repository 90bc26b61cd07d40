"""Whisper's second task: speech of any of its languages in, English text out.

It runs in the worker process of the transcriber and takes turns with it, so it costs no memory.
"""

from collections.abc import Awaitable, Callable

from vivavoce.engines.transcribers.whisper_orders import Answer, Order
from vivavoce.interfaces import Stream, TextDelta, Translated, TranslationRequest

Recognise = Callable[[Order], Awaitable[Answer]]


class WhisperTranslator:
    """Translates whole utterances; shared by all sessions."""

    languages = ("en",)
    needs_transcript = False

    def __init__(self, recognise: Recognise) -> None:
        """Make one.

        Args:
            recognise: has the model fulfil an order, when its turn comes.
        """
        self._recognise = recognise

    async def translate(self, request: TranslationRequest) -> Stream[TextDelta | Translated]:
        """Translate one utterance into English.

        Raises:
            EngineError: the worker died.
        """
        answer = await self._recognise(
            Order(audio=request.audio, translates=True, likely_language=request.likely_language)
        )
        text = "".join(word.text for word in answer.words)
        if text:
            yield TextDelta(text)
        yield Translated(answer.language if answer.language_is_sure else None)
