"""Brings a client's event together with the stored prompt that it names.

The session looks nothing up; what it is told is recorded, so a replay needs no store.
"""

from collections.abc import Awaitable, Callable

from vivavoce.core.inputs import ClientSent
from vivavoce.protocol.client_events import ClientEvent
from vivavoce.protocol.session import StoredPrompt
from vivavoce.protocol.stored_prompts import PromptTemplate, prompt_named_by

FindPrompt = Callable[[StoredPrompt], Awaitable[PromptTemplate | None]]
"""Returns the prompt and version that are named, or None if there is none."""


async def find_nothing(named: StoredPrompt) -> None:
    """Find no prompt: for servers and tests without any."""


async def with_its_prompt(event: ClientEvent, find: FindPrompt) -> ClientSent:
    """Return what the session is told of an event."""
    named = prompt_named_by(event)
    return ClientSent(event, None if named is None else await find(named))
