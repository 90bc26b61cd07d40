"""A guard rail that is ready to be used."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from vivavoce.engines.guards.scanning import Scanner
from vivavoce.engines.guards.settings import GuardrailConfig


class Judge(Protocol):
    """Takes a while for its verdict on a piece of an answer."""

    async def judge(self, text: str, before: str) -> bool:
        """Say whether a clause or sentence must not be said.

        Args:
            text: the piece.
            before: what comes before it in the same message.
        """
        ...


class Guard(Struct, frozen=True, kw_only=True):
    """One check; it either scans or judges."""

    config: GuardrailConfig
    new_scanner: Callable[[], Scanner] | None = None
    judge: Judge | None = None

    @property
    def name(self) -> str:
        """As the operator calls it."""
        return self.config.name

    def holds_for(self, model: str, key: str) -> bool:
        """Say whether sessions of this model name and of the key of this name are checked."""
        models, keys = self.config.models, self.config.keys
        return (not models or model in models) and (not keys or key in keys)
