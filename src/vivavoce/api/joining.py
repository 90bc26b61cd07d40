"""Connections to a session that lives already: sidebands, and clients that come back.

Source: protocol reference, "Sideband" (10-transports-auth, section 6); coming back is an extension.
"""

from aiohttp import web
from msgspec import Struct

from vivavoce.api.gateway import Gateway
from vivavoce.api.refusals import turn_away
from vivavoce.errors import ProtocolError
from vivavoce.ids import seeded_ids
from vivavoce.protocol.dialect import Dialect
from vivavoce.runtime.clients import not_resumable
from vivavoce.runtime.directory import Joinable, LiveSession
from vivavoce.transports.dialects.choice import codec_of
from vivavoce.transports.websocket import open_websocket

UNUSABLE = 4000
"""Close code (10-transports-auth, section 3.4): clients do not try again after it."""
CALL_QUERY = "call_id"
RESUME_QUERY = "resume"
AFTER_QUERY = "after"
ASKS_TO_RETURN = "1"
"""Value of `resume` with which a client that begins a session asks for a token."""
STATUS_OF = {"call_id_not_found": 404, "too_many_sidebands": 429}
"""HTTP answers in place of the upgrade, by error code; others are told after it."""


class Joining(Struct, frozen=True, kw_only=True):
    """A connection that may join a session."""

    session: LiveSession
    dialect: Dialect
    extensions: bool
    after: str | None
    """Id of the last event that the returning client got; None: a sideband."""


def find_joined(
    gateway: Gateway, request: web.Request, key_id: str, dialect: Dialect
) -> Joining | None:
    """Return what an upgrade wants to join; None: it wants a session of its own.

    Raises:
        ProtocolError: there is no such session for this key; `STATUS_OF` may have its status.
    """
    query = request.query
    owner = owner_of(gateway, key_id)
    after = None
    if CALL_QUERY in query:
        call_id = query[CALL_QUERY]
        session = gateway.directory.find(call_id, owner)
        if session is None:
            raise _no_such_call(call_id)
        if not session.has_room_for_sideband:
            raise _too_many_sidebands()
    elif query.get(RESUME_QUERY, ASKS_TO_RETURN) != ASKS_TO_RETURN:
        session = gateway.directory.find_by_token(query[RESUME_QUERY], owner)
        if session is None:
            raise not_resumable()
        after = _required(query.get(AFTER_QUERY))
    else:
        return None
    extensions = query.get("extensions") == "1"
    return Joining(session=session, dialect=dialect, extensions=extensions, after=after)


async def hold_joining(
    gateway: Gateway, request: web.Request, joining: Joining
) -> web.StreamResponse:
    """Hold a connection that joins a session, from its upgrade to its end."""
    codec = codec_of(joining.dialect)
    transport = await open_websocket(
        request, heartbeat_s=gateway.heartbeat_s, decode=codec.decode, encode=codec.encode
    )
    if joining.after is None:
        await joining.session.attach(transport, extensions=joining.extensions)
    else:
        try:
            await joining.session.resume(transport, joining.after)
        except ProtocolError as error:
            await turn_away(gateway, transport, error, UNUSABLE)
    return transport.response


def joinable(
    gateway: Gateway,
    key_id: str,
    *,
    call_id: str | None = None,
    may_return: bool = False,
    has_sidebands: bool = True,
) -> Joinable:
    """Return how others may join a session that this key begins.

    Args:
        gateway: of the server.
        key_id: of the standard key.
        call_id: of a session that is a call, besides its own id.
        may_return: whether its client asked to come back after a loss.
        has_sidebands: whether control connections may join it.
    """
    # A factory of its own, so that no other id tells anything of the token.
    token = seeded_ids(gateway.new_seed())("resume") if may_return else None
    return Joinable(
        owner=owner_of(gateway, key_id),
        call_id=call_id,
        resume_token=token,
        has_sidebands=has_sidebands,
    )


def asks_to_return(gateway: Gateway, request: web.Request, dialect: Dialect) -> bool:
    """Say whether a client that begins a session asks to come back after a loss.

    Raises:
        ProtocolError: it does, but cannot.
    """
    if request.query.get(RESUME_QUERY) != ASKS_TO_RETURN:
        return False
    if request.query.get("extensions") != "1" or dialect != "ga":
        raise ProtocolError(
            "'resume=1' goes with 'extensions=1' and the GA interface: the token comes in an event "
            "of our own.",
            param=RESUME_QUERY,
        )
    if gateway.settings.resume_s <= 0:
        raise ProtocolError(
            "This server does not wait for clients that lost their connection.",
            code="resume_not_offered",
            param=RESUME_QUERY,
        )
    return True


def owner_of(gateway: Gateway, key_id: str) -> str | None:
    """Return whose a session is: the standard key's; None where there are no keys."""
    return key_id if gateway.keys else None


def _required(after: str | None) -> str:
    if not after:
        raise ProtocolError(
            "Missing required parameter: 'after'.",
            code="missing_required_parameter",
            param=AFTER_QUERY,
        )
    return after


def _no_such_call(call_id: str) -> ProtocolError:
    return ProtocolError(
        f"No call or session with id '{call_id[:100]}' is under way.",
        code="call_id_not_found",
        param=CALL_QUERY,
    )


def _too_many_sidebands() -> ProtocolError:
    return ProtocolError(
        "Too many connections are attached to this session.",
        code="too_many_sidebands",
        kind="rate_limit_error",
        param=CALL_QUERY,
    )
