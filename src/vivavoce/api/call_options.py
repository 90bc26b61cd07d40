"""What a call's session is told at its start: by its key, its offer, its address."""

from typing import TypeVar

import msgspec
from aiohttp import web
from msgspec import UNSET, Struct, UnsetType, structs

from vivavoce.api.admission import AdmittedKey
from vivavoce.api.bound_sessions import bound_options
from vivavoce.api.dialects import options_in_dialect
from vivavoce.api.gateway import Gateway
from vivavoce.api.offers import Offer, read_session
from vivavoce.api.translations import translation_options
from vivavoce.core.configured import configured_session
from vivavoce.core.options import SessionOptions
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.core.translation_settings import initial_translation_session
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import Engines
from vivavoce.protocol.beta_session import BetaRealtimeUpdate
from vivavoce.protocol.beta_session_maps import realtime_update_to_ga
from vivavoce.protocol.dialect import Dialect
from vivavoce.protocol.refusals import unknown_parameter
from vivavoce.protocol.session import (
    RealtimeSessionUpdate,
    TranscriptionSessionUpdate,
    TranslationAudioUpdate,
    TranslationSessionUpdate,
)

BoundUpdate = RealtimeSessionUpdate | TranscriptionSessionUpdate
U = TypeVar("U", bound=Struct)


class _Sent(Struct, frozen=True, kw_only=True):
    session: BoundUpdate


class _SentBeta(Struct, frozen=True, kw_only=True):
    session: BetaRealtimeUpdate


class _TranslationSession(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    type: str = "translation"
    model: str | UnsetType = UNSET
    audio: TranslationAudioUpdate | UnsetType = UNSET


class _SentTranslation(Struct, frozen=True, kw_only=True):
    session: _TranslationSession


_SENT = msgspec.json.Decoder(_Sent)
_SENT_BETA = msgspec.json.Decoder(_SentBeta)
_SENT_TRANSLATION = msgspec.json.Decoder(_SentTranslation)


async def call_options(
    gateway: Gateway,
    engines: Engines,
    request: web.Request,
    key: AdmittedKey,
    offer: Offer,
    dialect: Dialect,
) -> SessionOptions:
    """Return what the session of a call is told; all of it can be enacted.

    Raises:
        ProtocolError: the offer's settings or the key's can't be had; `param` names the field.
    """
    session = _asked(_bound(key, dialect), _sent(offer, dialect))
    model = _model(gateway, request, key, session)
    options = options_in_dialect(await bound_options(gateway, session, model), dialect)
    options = structs.replace(
        options, extensions=request.query.get("extensions") == "1", plays_out=True
    )
    check_server = gateway.tool_servers.check
    configured_session(options, "", engines.language_model.check_tool, check_server)
    return options


def translation_call_options(
    gateway: Gateway, request: web.Request, key: AdmittedKey, offer: Offer
) -> TranslationOptions:
    """Return what the translation session of a call is told; all of it can be enacted.

    Raises:
        ProtocolError: as for `call_options`, or nothing is translated here.
    """
    sent = read_session(offer, _SENT_TRANSLATION)
    session = None if sent is None else sent.session
    named = None if session is None or isinstance(session.model, UnsetType) else session.model
    options = translation_options(gateway, named or request.query.get("model"), key)
    if session is not None:
        update = TranslationSessionUpdate(audio=session.audio)
        bound = update if options.bound is None else overlaid(options.bound, update)
        options = structs.replace(options, bound=bound)
        initial_translation_session(options, "", 0)
    return options


def overlaid(base: U, update: U) -> U:
    """Return settings with those of an update laid over them; what it leaves out stays."""
    changes: dict[str, object] = {}
    for name in update.__struct_fields__:
        new, old = getattr(update, name), getattr(base, name)
        if new is UNSET:
            continue
        both = isinstance(new, Struct) and type(new) is type(old)
        changes[name] = overlaid(old, new) if both else new
    return structs.replace(base, **changes)


def _bound(key: AdmittedKey, dialect: Dialect) -> BoundUpdate | None:
    bound = None if key.ephemeral is None else key.ephemeral.session
    if isinstance(bound, TranslationSessionUpdate):
        raise ProtocolError("This key starts translation sessions only.", param="session.type")
    if isinstance(bound, RealtimeSessionUpdate) and dialect == "ga":
        return structs.replace(bound, temperature=UNSET)  # of a key that was minted for Beta
    return bound


def _sent(offer: Offer, dialect: Dialect) -> BoundUpdate | None:
    """Return the session of a form; at the Beta address it is written as Beta clients write it."""
    if dialect == "beta":
        beta = read_session(offer, _SENT_BETA)
        return None if beta is None else realtime_update_to_ga(beta.session)
    sent = read_session(offer, _SENT)
    session = None if sent is None else sent.session
    if isinstance(session, RealtimeSessionUpdate) and session.temperature is not UNSET:
        raise unknown_parameter("session.temperature")
    return session


def _asked(bound: BoundUpdate | None, sent: BoundUpdate | None) -> BoundUpdate:
    if bound is None or sent is None:
        return sent or bound or RealtimeSessionUpdate()
    if type(bound) is not type(sent):
        raise ProtocolError("This key starts sessions of another type.", param="session.type")
    return overlaid(bound, sent)


def _model(gateway: Gateway, request: web.Request, key: AdmittedKey, session: BoundUpdate) -> str:
    """Return the model of the session, else of the key, else of the query, else the default."""
    bound = None if key.ephemeral is None else key.ephemeral.model
    asked = session.model if isinstance(session, RealtimeSessionUpdate) else UNSET
    named = asked if isinstance(asked, str) else bound or request.query.get("model")
    if named and named not in gateway.model_names:
        raise ProtocolError(
            f"The model '{named[:100]}' does not exist or you do not have access to it.",
            code="model_not_found",
            param="session.model" if isinstance(asked, str) else "model",
        )
    return named or gateway.default_model
