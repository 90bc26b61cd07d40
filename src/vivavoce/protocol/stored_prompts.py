"""Prompts that are kept on the server, one text for each version."""

from typing import Annotated

from msgspec import Meta, Struct

from vivavoce.protocol.client_events import ClientEvent, ResponseCreate, SessionUpdate
from vivavoce.protocol.response import ResponseCreateParams
from vivavoce.protocol.session import RealtimeSessionUpdate, StoredPrompt
from vivavoce.protocol.tools import FunctionTool

MAX_INSTRUCTIONS_CHARS = 100_000
"""More than any context window here holds, and a `session.updated` stays far below 1 MiB."""

PromptId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Instructions = Annotated[str, Meta(min_length=1, max_length=MAX_INSTRUCTIONS_CHARS)]


class PromptTemplate(Struct, frozen=True, kw_only=True):
    """One version of a stored prompt, before its variables are filled in."""

    id: str
    version: str
    instructions: str
    """With `{{name}}` where the value of a variable belongs."""
    tools: tuple[FunctionTool, ...] = ()
    voice: str | None = None


def prompt_named_by(event: ClientEvent) -> StoredPrompt | None:
    """Return the stored prompt that an event refers to, for whoever looks it up."""
    match event:
        case SessionUpdate(session=RealtimeSessionUpdate(prompt=StoredPrompt() as prompt)):
            return prompt
        case ResponseCreate(response=ResponseCreateParams(prompt=StoredPrompt() as prompt)):
            return prompt
        case _:
            return None
