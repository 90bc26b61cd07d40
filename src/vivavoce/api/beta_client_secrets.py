"""Ephemeral keys at the addresses of the Beta dialect (10-transports-auth, 4.2 and 4.3).

Clients that open sessions with such a key speak Beta, and say so nowhere else.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from aiohttp import web
from msgspec import UNSET, Struct, UnsetType

from vivavoce.api.admission import AdmittedKey
from vivavoce.api.client_secrets import ClientSecret, ExpiresAfter, mint, minting_error
from vivavoce.api.errors import json_response
from vivavoce.api.gateway import Gateway
from vivavoce.errors import ProtocolError
from vivavoce.protocol.beta_codec import SPOKEN_AS
from vivavoce.protocol.beta_errors import param_to_beta
from vivavoce.protocol.beta_session import BetaRealtimeUpdate, BetaTranscriptionUpdate
from vivavoce.protocol.beta_session_maps import (
    realtime_update_to_ga,
    session_to_beta,
    transcription_session_to_beta,
    transcription_update_to_ga,
)
from vivavoce.protocol.codec import decode_body
from vivavoce.protocol.refusals import refusal
from vivavoce.protocol.session import Modality, RealtimeSession, TranscriptionSession

LIFETIME_S = 60

T = TypeVar("T", BetaRealtimeUpdate, BetaTranscriptionUpdate)

_REALTIME = msgspec.json.Decoder(BetaRealtimeUpdate)
_TRANSCRIPTION = msgspec.json.Decoder(BetaTranscriptionUpdate)


class _Wish(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`client_secret` of a request."""

    expires_after: ExpiresAfter | UnsetType | None = UNSET
    value: object = UNSET
    """Of a session that is sent back; means nothing."""
    expires_at: object = UNSET


class _Wishes(Struct, frozen=True, kw_only=True):
    client_secret: _Wish | UnsetType | None = UNSET


class BetaClientSecrets:
    """The handlers of `POST /v1/realtime/sessions` and `.../transcription_sessions`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def of_realtime(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Mint a key for conversations."""
        try:
            update, lifetime_s = _read(await request.read(), _REALTIME)
            session = realtime_update_to_ga(update)
            secret = await mint(self._gateway, request, key, session, "beta", lifetime_s)
        except ProtocolError as error:
            return minting_error(_flat(error))
        assert isinstance(secret.session, RealtimeSession)
        return _answer(session_to_beta(secret.session, _spoken_as(update)), secret)

    async def of_transcription(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Mint a key for sessions that only write down what they hear."""
        try:
            update, lifetime_s = _read(await request.read(), _TRANSCRIPTION)
            session = transcription_update_to_ga(update)
            secret = await mint(self._gateway, request, key, session, "beta", lifetime_s)
        except ProtocolError as error:
            return minting_error(_flat(error))
        assert isinstance(secret.session, TranscriptionSession)
        return _answer(transcription_session_to_beta(secret.session), secret)


def _read(data: bytes, decoder: msgspec.json.Decoder[T]) -> tuple[T, int]:
    update = decode_body(data, decoder)
    if not isinstance(update.client_secret, Mapping):
        return update, LIFETIME_S
    try:
        wishes = msgspec.convert({"client_secret": update.client_secret}, _Wishes)
    except msgspec.ValidationError as error:
        raise refusal(error, _Wishes) from None
    wish = wishes.client_secret
    if not isinstance(wish, _Wish) or not isinstance(wish.expires_after, ExpiresAfter):
        return update, LIFETIME_S
    seconds = wish.expires_after.seconds
    return update, LIFETIME_S if isinstance(seconds, UnsetType) else seconds


def _spoken_as(update: BetaRealtimeUpdate) -> tuple[Modality, ...]:
    modalities = update.modalities
    return modalities if isinstance(modalities, tuple) and "audio" in modalities else SPOKEN_AS


def _answer(session: Struct, secret: ClientSecret) -> web.Response:
    shown: Mapping[str, object] = {
        **msgspec.to_builtins(session),
        "client_secret": {"value": secret.value, "expires_at": secret.expires_at},
    }
    return json_response(shown)


def _flat(error: ProtocolError) -> ProtocolError:
    """Name the field as it stands in the body."""
    if error.param is None:
        return error
    param = param_to_beta(error.param).removeprefix("session.")
    message = error.message.replace(f"'{error.param}'", f"'{param}'")
    return ProtocolError(message, code=error.code, param=param, kind=error.kind)
