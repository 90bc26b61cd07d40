"""A responder as a writer: what a session asks of its language model besides answers."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from vivavoce.interfaces import (
    AudioDelta,
    GuardrailTripped,
    ModelEvent,
    PhaseStarted,
    Prompt,
    PromptRead,
    Responder,
    ResponseRequest,
    Stream,
    Tool,
)

CHARACTERS_PER_TOKEN = 4
"""For European languages; the server alone knows better, and has no address to ask it."""


async def prefill_nothing(prompt: Prompt) -> None:
    """Do nothing: for servers that keep nothing."""


def keep_nothing(session_id: str) -> None:
    """Do nothing: for responders that keep nothing by session."""


class ResponderAsWriter:
    """A `LanguageModel` over a responder."""

    def __init__(
        self,
        responder: Responder,
        *,
        window_tokens: int | None,
        reasoning_efforts: tuple[str, ...],
        prefill: Callable[[Prompt], Awaitable[None]] = prefill_nothing,
        release: Callable[[str], None] = keep_nothing,
    ) -> None:
        """Make one.

        Args:
            responder: makes the answers.
            window_tokens: as the interface says.
            reasoning_efforts: as the interface says.
            prefill: reads a prompt ahead of time.
            release: forgets a session.
        """
        self._responder = responder
        self._prefill = prefill
        self._release = release
        self.window_tokens = window_tokens
        self.reasoning_efforts = reasoning_efforts

    @property
    def prepare_after_ms(self) -> int:
        """The responder's."""
        return self._responder.prepare_after_ms

    @property
    def sees_pictures(self) -> bool:
        """The responder's."""
        return self._responder.sees_pictures

    async def generate(self, prompt: Prompt) -> Stream[ModelEvent | PromptRead]:
        """Have the responder write one answer."""
        request = ResponseRequest(response_id="", prompt=prompt, modality="text")
        async with aclosing(self._responder.respond(request)) as events:
            async for event in events:
                if not isinstance(event, AudioDelta | PhaseStarted | GuardrailTripped):
                    yield event

    async def prefill(self, prompt: Prompt) -> None:
        """As it was told to."""
        await self._prefill(prompt)

    async def count_tokens(self, texts: list[str]) -> list[int]:
        """Estimate: four characters a token, rounded up."""
        return [-(-len(text) // CHARACTERS_PER_TOKEN) for text in texts]

    def check_tool(self, tool: Tool) -> None:
        """Accept it: what the server honours is its own affair."""

    def release(self, session_id: str) -> None:
        """As it was told to."""
        self._release(session_id)
