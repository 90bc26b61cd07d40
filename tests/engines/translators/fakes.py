"""A translator that does as it is told."""

from vivavoce.errors import EngineError
from vivavoce.interfaces import Stream, TextDelta, Translated, TranslationRequest
from vivavoce.testing.script import tokens


class WordByWord:
    """Translates everything into the same words."""

    languages: tuple[str, ...] = ()
    needs_transcript = False

    def __init__(self, text: str, *, fails: bool = False) -> None:
        self._text = text
        self._fails = fails
        self.is_closed = False

    async def translate(self, request: TranslationRequest) -> Stream[TextDelta | Translated]:
        try:
            for word in tokens(self._text):
                yield TextDelta(word)
            if self._fails:
                raise EngineError("It broke.")
            yield Translated("de")
        finally:
            self.is_closed = True


def request(**members: object) -> TranslationRequest:
    given = {"session_id": "sess_1", "language": "en", "text": "Guten Morgen.", **members}
    return TranslationRequest(**given)  # type: ignore[arg-type]  # a builder for tests
