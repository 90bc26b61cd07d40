"""`GET /v1/realtime/translations`: a session that translates what is spoken.

Source: 10-transports-auth, section 8.
"""

from contextlib import ExitStack

from aiohttp import web
from msgspec import Struct, structs

from vivavoce import __version__
from vivavoce.api.accounts import Account
from vivavoce.api.admission import WRONG_KEY, AdmittedKey, Refused, admit_key, full_account
from vivavoce.api.auth import Place, shown_key, wrong_key
from vivavoce.api.gateway import Gateway
from vivavoce.api.models import TRANSLATION_MODEL_NAMES
from vivavoce.api.refusals import refuse, refuse_for_want_of_room, turn_away
from vivavoce.core.options import SessionOptions
from vivavoce.core.translation import TranslationRules
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.core.translation_settings import initial_translation_session
from vivavoce.errors import ProtocolError
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import Engines
from vivavoce.protocol.codec import decode_translation_event
from vivavoce.protocol.session import TranslationSessionUpdate
from vivavoce.runtime.observer import Observer
from vivavoce.runtime.recording import Header
from vivavoce.runtime.runner import SessionRunner
from vivavoce.transports.websocket import WebSocketTransport, open_websocket


class Translations:
    """The handler of WebSocket translation sessions."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Hold one session, from its upgrade to its end."""
        gateway = self._gateway
        if request.headers.get("Upgrade", "").lower() != "websocket":
            error = ProtocolError("This address expects a WebSocket upgrade.", code=None)
            return refuse(gateway, 426, error, {"Upgrade": "websocket"})
        decided = await _admit(gateway, request)
        if isinstance(decided, Refused) and decided.status is not None:
            return refuse(gateway, decided.status, decided.error, decided.headers)
        if gateway.engines is None or not gateway.directory.has_room:
            return refuse_for_want_of_room(gateway)
        with ExitStack() as places:
            places.enter_context(gateway.directory.place())
            if isinstance(decided, _Admitted):
                places.enter_context(decided.account.place())
            transport = await open_websocket(
                request, heartbeat_s=gateway.heartbeat_s, decode=decode_translation_event
            )
            if isinstance(decided, Refused):
                await turn_away(gateway, transport, decided.error, decided.close_code)
            else:
                await self._hold(transport, gateway.engines, decided)
            return transport.response

    async def _hold(
        self, transport: WebSocketTransport, engines: Engines, admitted: "_Admitted"
    ) -> None:
        gateway, options = self._gateway, admitted.options
        seed = gateway.new_seed()
        rules = TranslationRules(options, new_id=seeded_ids(seed))
        runner = SessionRunner(
            transport,
            engines,
            rules,
            gateway.clock,
            gateway.settings,
            [
                *self._observers(rules.session_id, options, seed, admitted.key.key_id),
                *admitted.account.observers(rules.session_id, options.model),
            ],
            new_id=gateway.new_id,
            prepared_room=gateway.prepared_room,
            opened_by=admitted.key.key_id,
        )
        with gateway.directory.listed(rules.session_id, runner):
            await runner.run()

    def _observers(
        self, session_id: str, options: TranslationOptions, seed: int, key_id: str
    ) -> list[Observer]:
        gateway = self._gateway
        observers: list[Observer] = [gateway.metrics.of_session()]
        if gateway.recordings is not None:
            header = Header(
                server_version=__version__,
                options=SessionOptions(),
                translation=options,
                seed=seed,
                wall_s=gateway.clock.wall(),
                key_id=key_id,
            )
            observers.append(gateway.recordings.start(session_id, header))
        return observers


class _Admitted(Struct, frozen=True, kw_only=True):
    """A connection that may have its session."""

    key: AdmittedKey
    account: Account
    """Of the key; had room a moment ago."""
    options: TranslationOptions


async def _admit(gateway: Gateway, request: web.Request) -> _Admitted | Refused:
    """Decide on one upgrade; who is admitted must take a place of the account before waiting."""
    shown, place = shown_key(request)
    key = await admit_key(gateway, shown)
    before_upgrade = place in (Place.HEADER, Place.NOWHERE)
    if key is None:
        return Refused(
            error=wrong_key(shown), status=401 if before_upgrade else None, close_code=WRONG_KEY
        )
    try:
        options = translation_options(gateway, request.query.get("model"), key)
    except ProtocolError as error:
        return Refused(error=error)
    if (full := full_account(gateway, key, before_upgrade=before_upgrade)) is not None:
        return full
    return _Admitted(key=key, account=gateway.accounts.of(key.key_id), options=options)


def translation_options(
    gateway: Gateway, model: str | None, key: AdmittedKey
) -> TranslationOptions:
    """Return what a session is told at its start.

    Raises:
        ProtocolError: nothing is translated here, the model is unknown, or the key is for others.
    """
    options = gateway.translation
    if options is None:
        raise no_translator()
    bound = None if key.ephemeral is None else key.ephemeral.session
    if bound is not None and not isinstance(bound, TranslationSessionUpdate):
        raise ProtocolError("This key starts no translation sessions.", param="session.type")
    bound_model = None if key.ephemeral is None else key.ephemeral.model
    name = model or bound_model or options.model
    check_translation_model(name)
    options = structs.replace(options, model=name, bound=bound)
    initial_translation_session(options, "", 0)  # refuses what is bound and no longer possible
    return options


def no_translator() -> ProtocolError:
    """Return the refusal where nothing translates."""
    return ProtocolError("This server has no translator.", code="model_not_found")


def check_translation_model(name: str, *, param: str = "model") -> None:
    """Accept the name of a model that translates; `param` is where it stands.

    Raises:
        ProtocolError: there is none of that name.
    """
    if name not in TRANSLATION_MODEL_NAMES:
        names = ", ".join(f"'{known}'" for known in TRANSLATION_MODEL_NAMES)
        raise ProtocolError(
            f"The model '{name[:100]}' does not translate. Supported values are: {names}.",
            code="model_not_found",
            param=param,
        )
