"""Ephemeral keys, minted for clients that must not see a standard key (10-transports-auth, 4).

What is bound to a key is checked here, with the rules of `session.update`, so that a session which
is opened with it finds nothing to complain of.
"""

import secrets
from functools import partial
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from vivavoce.api.admission import AdmittedKey, shown_safety_identifier
from vivavoce.api.auth import EPHEMERAL_PREFIX, key_digest
from vivavoce.api.bound_sessions import bound_options
from vivavoce.api.dialects import options_in_dialect
from vivavoce.api.errors import error_response, json_response
from vivavoce.api.gateway import Gateway
from vivavoce.core.configured import configured_session
from vivavoce.core.transcription_session import shown_session
from vivavoce.errors import ProtocolError
from vivavoce.protocol.codec import decode_body
from vivavoce.protocol.dialect import Dialect
from vivavoce.protocol.refusals import unknown_parameter
from vivavoce.protocol.session import (
    RealtimeSessionUpdate,
    Session,
    TranscriptionSessionUpdate,
)
from vivavoce.store.keys import EphemeralKey, keep_key

N_SECRET_BYTES = 24
LIFETIME_S = 600
RETRY_AFTER_S = "5"

BoundUpdate = RealtimeSessionUpdate | TranscriptionSessionUpdate


class ExpiresAfter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a key starts sessions."""

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Meta(ge=10, le=7200)] | UnsetType = UNSET


class ClientSecretRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/realtime/client_secrets`."""

    expires_after: ExpiresAfter | UnsetType | None = UNSET
    session: BoundUpdate | UnsetType | None = UNSET


class ClientSecret(Struct, frozen=True, kw_only=True):
    """The answer; nobody sees `value` again."""

    value: str
    expires_at: int
    """Unix seconds."""
    session: Session
    """As a session begins that is started with the key; its `expires_at` is 0."""


_DECODER = msgspec.json.Decoder(ClientSecretRequest)


class ClientSecrets:
    """The handler of `POST /v1/realtime/client_secrets`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Mint a key, or say what is wrong with what is to be bound to it."""
        try:
            body = decode_body(await request.read(), _DECODER)
            session = body.session if isinstance(body.session, Struct) else RealtimeSessionUpdate()
            if isinstance(session, RealtimeSessionUpdate) and session.temperature is not UNSET:
                raise unknown_parameter("session.temperature")
            lifetime_s = lifetime_s_of(body.expires_after)
            secret = await mint(self._gateway, request, key, session, "ga", lifetime_s)
        except ProtocolError as error:
            return minting_error(error)
        return json_response(secret)


async def mint(
    gateway: Gateway,
    request: web.Request,
    key: AdmittedKey,
    session: BoundUpdate,
    dialect: Dialect,
    lifetime_s: int,
) -> ClientSecret:
    """Make and keep a key.

    Args:
        gateway: of the server.
        request: for whom the key is, as its headers say.
        key: the standard key that mints.
        session: what is bound to the new one.
        dialect: that its connections speak.
        lifetime_s: how long it starts sessions.

    Raises:
        ProtocolError: the session can't be had; `param` is the path of the field.
    """
    engines = gateway.engines
    if engines is None:
        raise not_ready()
    model = _model(gateway, session)
    options = options_in_dialect(
        await bound_options(gateway, session, model or gateway.default_model), dialect
    )
    effective = configured_session(
        options,
        gateway.new_id("sess"),
        engines.language_model.check_tool,
        gateway.tool_servers.check,
    )
    kept = EphemeralKey(
        minted_by=key.key_id,
        expires_at=gateway.clock.wall() + lifetime_s,
        dialect=dialect,
        model=model,
        session=session,
        safety_identifier=shown_safety_identifier(request),
    )
    return ClientSecret(
        value=await keep_new_key(gateway, kept),
        expires_at=kept.expires_at,
        session=shown_session(structs.replace(effective, expires_at=0), options.kind),
    )


async def keep_new_key(gateway: Gateway, key: EphemeralKey) -> str:
    """Make a value for a key, keep its digest, and return it: nobody sees it again."""
    value = f"{EPHEMERAL_PREFIX}{secrets.token_hex(N_SECRET_BYTES)}"
    now_s = gateway.clock.wall()
    await gateway.database.run(partial(keep_key, digest=key_digest(value), key=key, now_s=now_s))
    return value


def minting_error(error: ProtocolError) -> web.Response:
    """Return the answer to a request that mints nothing."""
    if error.kind == "server_error":
        return error_response(503, error, {"Retry-After": RETRY_AFTER_S})
    return error_response(400, error)


def _model(gateway: Gateway, session: BoundUpdate) -> str | None:
    if not isinstance(session, RealtimeSessionUpdate) or isinstance(session.model, UnsetType):
        return None
    if session.model not in gateway.model_names:
        raise ProtocolError(
            f"The model '{session.model[:100]}' does not exist or you do not have access to it.",
            code="model_not_found",
            param="session.model",
        )
    return session.model


def lifetime_s_of(expires_after: ExpiresAfter | UnsetType | None) -> int:
    """Return how long a key starts sessions."""
    if not isinstance(expires_after, ExpiresAfter):
        return LIFETIME_S
    seconds = expires_after.seconds
    return LIFETIME_S if isinstance(seconds, UnsetType) else seconds


def not_ready() -> ProtocolError:
    """Return the refusal before the engines are open."""
    return ProtocolError(
        "The server is getting ready. Try again soon.", code="server_busy", kind="server_error"
    )
