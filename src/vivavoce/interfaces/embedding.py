"""What tells how near two texts are in meaning."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class Embedder(Protocol):
    """Turns texts into vectors whose product says how near they are in meaning."""

    @property
    def max_tokens(self) -> int:
        """What it reads of a text; the rest is left out."""
        ...

    @property
    def tokenizer_file(self) -> Path | None:
        """How it counts tokens: a file of the `tokenizers` library; None: words and signs."""
        ...

    async def embed(self, texts: Sequence[str]) -> bytes:
        """Return one vector of length 1 for each text, as 32-bit floats in a row.

        Raises:
            EngineError: it could not.
        """
        ...
