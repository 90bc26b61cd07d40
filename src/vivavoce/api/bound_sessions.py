"""Session settings that come before the session: bound to a key, or sent along with an offer."""

from functools import partial

from msgspec import structs

from vivavoce.api.gateway import Gateway
from vivavoce.core.options import SessionOptions
from vivavoce.protocol.session import (
    RealtimeSessionUpdate,
    StoredPrompt,
    TranscriptionSessionUpdate,
)
from vivavoce.protocol.stored_prompts import PromptTemplate
from vivavoce.runtime.prompt_lookup import FindPrompt
from vivavoce.store.database import Database
from vivavoce.store.prompts import find_prompt


async def bound_options(
    gateway: Gateway, session: RealtimeSessionUpdate | TranscriptionSessionUpdate, model: str
) -> SessionOptions:
    """Return the options of a session that begins with these settings; they are not checked yet.

    Args:
        gateway: for what holds for every session.
        session: as in `session.update`.
        model: the name to be echoed.
    """
    prompt = None
    if isinstance(session, RealtimeSessionUpdate) and isinstance(session.prompt, StoredPrompt):
        prompt = await prompt_finder(gateway.database)(session.prompt)
    return structs.replace(
        gateway.options,
        model=model,
        kind="realtime" if isinstance(session, RealtimeSessionUpdate) else "transcription",
        configured=session,
        configured_prompt=prompt,
    )


def prompt_finder(database: Database) -> FindPrompt:
    """Return a function that looks prompts up in the store."""

    async def find(named: StoredPrompt) -> PromptTemplate | None:
        version = named.version if isinstance(named.version, str) else None
        found = await database.run(partial(find_prompt, prompt_id=named.id, version=version))
        return None if found is None else found.template

    return find
