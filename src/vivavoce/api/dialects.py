"""Which dialect a WebSocket speaks, and what a session is told because of it (70-beta-vs-ga)."""

from aiohttp import web
from msgspec import structs

from vivavoce.api.auth import offered_subprotocols
from vivavoce.core.options import SessionOptions
from vivavoce.protocol.beta_session import DEFAULT_TEMPERATURE
from vivavoce.protocol.dialect import Dialect

BETA_HEADER = "realtime=v1"
BETA_SUBPROTOCOL = "openai-beta.realtime-v1"


def dialect_of(request: web.Request, bound: Dialect | None) -> Dialect:
    """Return the dialect of an upgrade.

    Args:
        request: its header and subprotocols are looked at.
        bound: recorded with the ephemeral key that was shown; None: none was.
    """
    header = ",".join(request.headers.getall("OpenAI-Beta", []))
    if BETA_HEADER in header or BETA_SUBPROTOCOL in offered_subprotocols(request):
        return "beta"
    return bound or "ga"


def options_in_dialect(options: SessionOptions, dialect: Dialect) -> SessionOptions:
    """Return the options with what Beta clients expect of every session, if it is one of theirs."""
    if dialect == "ga":
        return options
    return structs.replace(options, temperature=DEFAULT_TEMPERATURE, announces_conversation=True)
