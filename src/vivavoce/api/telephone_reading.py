"""Has the language model read what calls begin with before the first one comes.

What calls are answered with is known at the start of the server; its reading takes seconds, which
the first caller would wait for the greeting.
"""

import logging

from msgspec import structs

from vivavoce.api.gateway import Gateway
from vivavoce.api.telephone import AutoAnswer, auto_answer_options, opening
from vivavoce.core.inputs import ClientSent, SessionOpened
from vivavoce.core.outputs import Output, PrefillPrompt, StartResponse
from vivavoce.core.session import Session
from vivavoce.errors import EngineError, ProtocolError
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import Engines, Prompt

LOG = logging.getLogger(__name__)


async def read_ahead(gateway: Gateway, engines: Engines, auto_answer: AutoAnswer) -> None:
    """Let the language model read what calls begin with; a failure is logged only.

    Args:
        gateway: of the server.
        engines: of the server, before any guard rails: these read no more than real calls do.
        auto_answer: what calls are answered with.
    """
    model, session_id = engines.language_model, ""
    try:
        for prompt in await _beginnings(gateway, engines, auto_answer):
            session_id = prompt.session_id
            await model.prefill(prompt)
    except (EngineError, ProtocolError) as error:
        if not gateway.directory.is_closing:
            LOG.warning("the beginning of calls could not be read ahead: %s", error.message)
    finally:
        if session_id:
            model.release(session_id)


async def _beginnings(
    gateway: Gateway, engines: Engines, auto_answer: AutoAnswer
) -> tuple[Prompt, ...]:
    """Return the prompts of a call up to the caller's first words, the soonest needed first.

    The rules of a session make them, as they do in a call; nothing else it orders is carried out.
    """
    options = await auto_answer_options(gateway, engines, auto_answer)
    options, first = opening(structs.replace(options, plays_out=True), auto_answer)
    rules = Session(
        options,
        new_id=seeded_ids(gateway.new_seed()),
        check_tool=engines.language_model.check_tool,
        check_server=gateway.tool_servers.check,
    )
    now = gateway.clock.now()
    orders = rules.handle(SessionOpened(gateway.clock.wall()), now)
    for event in first:
        orders += rules.handle(ClientSent(event), now)
    # Only one is kept of each session, so the last of the greeting's comes first.
    found = [prompt for order in reversed(orders) if (prompt := _prompt_of(order)) is not None]
    return tuple(found)


def _prompt_of(order: Output) -> Prompt | None:
    match order:
        case PrefillPrompt(prompt=prompt):
            return prompt
        case StartResponse(request=request):
            return request.prompt
        case _:
            return None
