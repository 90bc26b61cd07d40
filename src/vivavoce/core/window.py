"""The model's context window: how full it is, what must go, and what to read ahead.

Two counts of tokens: the engine's own serves its window, wire tokens serve usage and
`token_limits`.
"""

from collections.abc import Callable, Sequence

from msgspec.json import encode as encode_json

from vivavoce.core import context as context_rules
from vivavoce.core.conversation import Conversation, ItemRecord
from vivavoce.core.long_outputs import longest_output
from vivavoce.core.outputs import CountTokens, Output
from vivavoce.core.response_settings import ResponseSettings
from vivavoce.core.tokens import estimate_tokens
from vivavoce.interfaces import Tool
from vivavoce.protocol.session import RealtimeSession

FIXED = "instructions"
"""Subject id of instructions and tools when their tokens are counted."""


class ContextWindow:
    """Keeps the conversation within what the language model can take."""

    def __init__(
        self,
        conversation: Conversation,
        window_tokens: int | None,
        emit: Callable[[Output], None],
    ) -> None:
        self._conversation = conversation
        self._window_tokens = window_tokens
        self._emit = emit
        self._fixed_text = ""
        self._fixed_tokens: int | None = None

    @property
    def fixed_tokens(self) -> int:
        """Tokens of instructions and tools: the engine's count, or an estimate until it came."""
        if self._fixed_tokens is None:
            return estimate_tokens(self._fixed_text)
        return self._fixed_tokens

    def configure(self, session: RealtimeSession, tools: Sequence[Tool]) -> None:
        """Follow the session's instructions, and the tools its answers are offered."""
        told = encode_json(tools).decode() if tools else ""
        self._fixed_text = f"{session.instructions}\n{told}".strip()
        self._fixed_tokens = None
        self._emit(CountTokens(FIXED, self._fixed_text))

    def count(self, record: ItemRecord) -> None:
        """Ask for the engine's count of an item whose text is there now."""
        record.longest_output = longest_output(self._window_tokens)
        if record.text:
            self._emit(CountTokens(record.item_id, record.text))

    def counted(self, subject_id: str, n_tokens: int) -> None:
        """Take the engine's count."""
        if subject_id == FIXED:
            self._fixed_tokens = n_tokens
            return
        record = self._conversation.get(subject_id)
        if record is not None:
            record.text_tokens = n_tokens

    def truncate(self, truncation: context_rules.Truncation) -> None:
        """Drop what is too old from the context."""
        context_rules.truncate(
            self._conversation, truncation, self.fixed_tokens, self._window_tokens
        )

    def outgrown(self, truncation: context_rules.Truncation) -> list[ItemRecord]:
        """Return the oldest items if the context is nearly full."""
        return context_rules.outgrown(
            self._conversation, truncation, self.fixed_tokens, self._window_tokens
        )

    def fits(self, records: Sequence[ItemRecord], settings: ResponseSettings) -> bool:
        """Whether the engine can take these items with the instructions of a response."""
        fixed = max(self.fixed_tokens, estimate_tokens(settings.instructions))
        return context_rules.fits(records, fixed, self._window_tokens)
