"""`POST /v1/realtime/translations/client_secrets` (10-transports-auth, section 8).

What is bound to a key is checked here, with the rules of a translation's `session.update`.
"""

import msgspec
from aiohttp import web
from msgspec import UNSET, Struct, UnsetType, structs

from vivavoce.api.admission import AdmittedKey, shown_safety_identifier
from vivavoce.api.client_secrets import (
    ClientSecret,
    ExpiresAfter,
    keep_new_key,
    lifetime_s_of,
    minting_error,
    not_ready,
)
from vivavoce.api.errors import json_response
from vivavoce.api.gateway import Gateway
from vivavoce.api.translations import check_translation_model, no_translator
from vivavoce.core.translation_settings import initial_translation_session
from vivavoce.errors import ProtocolError
from vivavoce.protocol.codec import decode_body
from vivavoce.protocol.session import TranslationAudioUpdate, TranslationSessionUpdate
from vivavoce.store.keys import EphemeralKey


class TranslationSessionRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The session that is bound to the key."""

    model: str
    audio: TranslationAudioUpdate | UnsetType = UNSET


class TranslationSecretRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole body."""

    session: TranslationSessionRequest
    expires_after: ExpiresAfter | UnsetType | None = UNSET


_DECODER = msgspec.json.Decoder(TranslationSecretRequest)


class TranslationSecrets:
    """The handler."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, request: web.Request, key: AdmittedKey) -> web.StreamResponse:
        """Mint a key, or say what is wrong with what is to be bound to it."""
        try:
            body = decode_body(await request.read(), _DECODER)
            return json_response(await self._mint(body, request, key))
        except ProtocolError as error:
            return minting_error(error)

    async def _mint(
        self, body: TranslationSecretRequest, request: web.Request, key: AdmittedKey
    ) -> ClientSecret:
        gateway, model = self._gateway, body.session.model
        if gateway.engines is None:
            raise not_ready()
        if gateway.translation is None:
            raise no_translator()
        check_translation_model(model, param="session.model")
        bound = TranslationSessionUpdate(audio=body.session.audio)
        options = structs.replace(gateway.translation, model=model, bound=bound)
        session = initial_translation_session(options, gateway.new_id("sess"), 0)
        kept = EphemeralKey(
            minted_by=key.key_id,
            expires_at=gateway.clock.wall() + lifetime_s_of(body.expires_after),
            dialect="ga",
            model=model,
            session=bound,
            safety_identifier=shown_safety_identifier(request),
        )
        value = await keep_new_key(gateway, kept)
        return ClientSecret(value=value, expires_at=kept.expires_at, session=session)
