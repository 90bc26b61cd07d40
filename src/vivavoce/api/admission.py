"""Who comes in at `/v1/realtime`, and as what: key, dialect, model, options; or how it is refused.

Nothing is answered here: `realtime` does what this module decides.
"""

from collections.abc import Mapping
from functools import partial

from aiohttp import web
from msgspec import Struct, structs

from vivavoce.api.accounts import Account
from vivavoce.api.auth import (
    EPHEMERAL_PREFIX,
    Place,
    key_digest,
    key_id_of,
    shown_key,
    wrong_key,
)
from vivavoce.api.bound_sessions import bound_options
from vivavoce.api.dialects import dialect_of, options_in_dialect
from vivavoce.api.gateway import Gateway
from vivavoce.api.joining import STATUS_OF, Joining, asks_to_return, find_joined
from vivavoce.core.options import SessionKind, SessionOptions
from vivavoce.core.transcription_settings import TRANSCRIPTION_MODELS
from vivavoce.errors import ProtocolError
from vivavoce.protocol.dialect import Dialect
from vivavoce.protocol.session import TranslationSessionUpdate
from vivavoce.store.keys import EphemeralKey, find_key

WRONG_KEY = 3000
"""Close codes (10-transports-auth, section 3.4): clients do not try again after these two."""
UNUSABLE = 4000
TRY_LATER = 1013
"""Registered after RFC 6455; clients do try again after this one."""
RETRY_AFTER_S = "5"
SAFETY_HEADER = "OpenAI-Safety-Identifier"
MAX_IDENTIFIER_CHARS = 200


class AdmittedKey(Struct, frozen=True, kw_only=True):
    """A key that opens the door."""

    key_id: str
    """Stable, safe to log: of the standard key, also for the ephemeral keys that it minted."""
    ephemeral: EphemeralKey | None = None
    """What is bound to the key; None for a standard key."""


class Admitted(Struct, frozen=True, kw_only=True):
    """A connection that may have its session."""

    key: AdmittedKey
    account: Account
    """Of the key; had room a moment ago."""
    dialect: Dialect
    options: SessionOptions
    may_return: bool
    """Whether the client asked to come back after a loss."""
    safety_identifier: str | None
    """Whom the session is for, as the operator's own server says; for the log."""


class Refused(Struct, frozen=True, kw_only=True):
    """A connection that may not; `close_code` for what a browser must be able to read."""

    error: ProtocolError
    status: int | None = None
    """HTTP status in place of the upgrade; None: upgrade, send the error, close."""
    close_code: int = UNUSABLE
    headers: Mapping[str, str] | None = None


async def admit(gateway: Gateway, request: web.Request) -> Admitted | Joining | Refused:
    """Decide on one upgrade; who is admitted must take a place of the account before waiting."""
    shown, place = shown_key(request)
    key = await admit_key(gateway, shown)
    before_upgrade = place in (Place.HEADER, Place.NOWHERE)
    if key is None:
        return Refused(
            error=wrong_key(shown), status=401 if before_upgrade else None, close_code=WRONG_KEY
        )
    dialect = dialect_of(request, None if key.ephemeral is None else key.ephemeral.dialect)
    try:
        if (joining := find_joined(gateway, request, key.key_id, dialect)) is not None:
            return joining
        may_return = asks_to_return(gateway, request, dialect)
        options = options_in_dialect(await _options(gateway, request, key), dialect)
    except ProtocolError as error:
        return Refused(error=error, status=STATUS_OF.get(error.code or ""))
    if (full := full_account(gateway, key, before_upgrade=before_upgrade)) is not None:
        return full
    return Admitted(
        key=key,
        account=gateway.accounts.of(key.key_id),
        dialect=dialect,
        options=options,
        may_return=may_return,
        safety_identifier=safety_identifier(request, key),
    )


def full_account(gateway: Gateway, key: AdmittedKey, *, before_upgrade: bool) -> Refused | None:
    """Return the refusal of a session beyond the limit of its key; None: it may begin.

    Args:
        gateway: of the server.
        key: whose.
        before_upgrade: whether the client reads HTTP answers.
    """
    if gateway.accounts.of(key.key_id).has_room:
        return None
    error = ProtocolError(
        "Too many sessions at once for this API key. End one, or try again soon.",
        code="rate_limit_exceeded",
        kind="rate_limit_error",
    )
    if before_upgrade:
        return Refused(error=error, status=429, headers={"Retry-After": RETRY_AFTER_S})
    return Refused(error=error, close_code=TRY_LATER)


def shown_safety_identifier(request: web.Request) -> str | None:
    """Return what a request says of whom it is for; cut to a length that suits a log."""
    identifier = request.headers.get(SAFETY_HEADER)
    return None if identifier is None else identifier[:MAX_IDENTIFIER_CHARS]


async def admit_key(gateway: Gateway, shown: str | None) -> AdmittedKey | None:
    """Return what is known of a key, ephemeral or standard; None: it opens nothing."""
    if shown is None or not shown.startswith(EPHEMERAL_PREFIX):
        return AdmittedKey(key_id=key_id_of(shown)) if gateway.keys.accept(shown) else None
    # Also where any standard key is taken: an ephemeral key that has expired opens nothing.
    find = partial(find_key, digest=key_digest(shown), now_s=gateway.clock.wall())
    found = await gateway.database.run(find)
    if found is None or not gateway.keys.knows(found.minted_by):
        return None
    return AdmittedKey(key_id=found.minted_by, ephemeral=found)


async def _options(gateway: Gateway, request: web.Request, key: AdmittedKey) -> SessionOptions:
    model = _model(gateway, request, key)
    kind = _kind(request)
    options = structs.replace(gateway.options, model=model, kind=kind)
    if key.ephemeral is not None:
        bound = key.ephemeral.session
        if isinstance(bound, TranslationSessionUpdate):
            raise ProtocolError("This key starts translation sessions only.", param="session.type")
        options = await bound_options(gateway, bound, model)
    return structs.replace(options, extensions=request.query.get("extensions") == "1")


def _kind(request: web.Request) -> SessionKind:
    """Return what the session is for; where a model is named, it is a conversation.

    Raises:
        ProtocolError: the intent is none that is known.
    """
    intent = request.query.get("intent")
    if intent is None or request.query.get("model"):
        return "realtime"
    if intent != "transcription":
        raise ProtocolError(
            f"Invalid value: '{intent[:100]}'. Supported values are: 'transcription'.",
            param="intent",
        )
    return "transcription"


def safety_identifier(request: web.Request, key: AdmittedKey) -> str | None:
    """Return what is bound to the key, which the client cannot change; else what it sends."""
    if key.ephemeral is not None:
        return key.ephemeral.safety_identifier
    return shown_safety_identifier(request)


def _model(gateway: Gateway, request: web.Request, key: AdmittedKey) -> str:
    """Return the model of the query, else of the key, else the server's default."""
    named = request.query.get("model")
    bound = None if key.ephemeral is None else key.ephemeral.model
    if named in TRANSCRIPTION_MODELS:
        raise ProtocolError(
            f'Model "{named}" is not supported in realtime mode. For transcription connect with '
            "'?intent=transcription' and name it in 'session.audio.input.transcription.model'.",
            code="invalid_model",
            param="model",
        )
    if named and named not in gateway.model_names:
        raise ProtocolError(
            f"The model '{named[:100]}' does not exist or you do not have access to it.",
            code="model_not_found",
        )
    return named or bound or gateway.default_model
