"""Texts whose tokens are to be counted, asked of the language model together."""

from collections.abc import Awaitable, Callable

from vivavoce.core.inputs import Input, TokensCounted
from vivavoce.core.outputs import CountTokens
from vivavoce.interfaces import LanguageModel
from vivavoce.runtime.jobs import Watch


class TokenCounts:
    """Collects while a count is under way. At most one entry per subject."""

    def __init__(
        self, language_model: LanguageModel, post: Callable[[Input], Awaitable[None]]
    ) -> None:
        self._language_model = language_model
        self._post = post
        self._waiting: dict[str, str] = {}

    def add(self, order: CountTokens) -> None:
        """Have a text counted; a later one of the same subject replaces it."""
        self._waiting[order.subject_id] = order.text

    async def run(self, watch: Watch) -> None:
        """Count until nothing waits.

        Raises:
            EngineError: the language model could not count.
        """
        while self._waiting:
            batch, self._waiting = self._waiting, {}
            watch.engine_is_asked()
            counts = await self._language_model.count_tokens(list(batch.values()))
            watch.engine_has_answered()
            for subject_id, n_tokens in zip(batch, counts, strict=True):
                await self._post(TokensCounted(subject_id, n_tokens))
