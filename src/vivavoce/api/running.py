"""From admitted options to a session that is ready to run."""

from contextlib import AbstractContextManager

from aiohttp import web

from vivavoce import __version__
from vivavoce.api.admission import AdmittedKey, safety_identifier
from vivavoce.api.bound_sessions import prompt_finder
from vivavoce.api.gateway import Gateway
from vivavoce.core.options import SessionOptions
from vivavoce.core.session import Session
from vivavoce.core.translation import TranslationRules
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import CallTransport, Engines, Transport
from vivavoce.protocol.dialect import Dialect
from vivavoce.runtime.observer import Observer
from vivavoce.runtime.playout import Playout
from vivavoce.runtime.recording import Header
from vivavoce.runtime.runner import SessionRunner
from vivavoce.runtime.settings import RunnerSettings

SomeOptions = SessionOptions | TranslationOptions


def begun_session(
    gateway: Gateway,
    engines: Engines,
    transport: Transport,
    options: SomeOptions,
    *,
    key_id: str,
    dialect: Dialect,
    opened_by: str,
    playout: Playout | None = None,
    resume_token: str | None = None,
    settings: RunnerSettings | None = None,
) -> SessionRunner:
    """Return the runner of a fresh session; nothing happens before it runs.

    Args:
        gateway: of the server.
        engines: of the server.
        transport: the client's, open.
        options: what the session is told; of a conversation or of a translation.
        key_id: of the standard key whose session it is.
        dialect: that the client speaks.
        opened_by: for the log.
        playout: of a call; None: the client is sent the sound.
        resume_token: see `SessionRunner`.
        settings: None: those of the server.
    """
    seed = gateway.new_seed()
    account = gateway.accounts.of(key_id)
    rules: Session | TranslationRules
    if isinstance(options, SessionOptions):
        check_tool = engines.language_model.check_tool
        rules = Session(
            options,
            new_id=seeded_ids(seed),
            check_tool=check_tool,
            check_server=gateway.tool_servers.check,
        )
    else:
        rules = TranslationRules(options, new_id=seeded_ids(seed))
    is_conversation = isinstance(options, SessionOptions)
    if is_conversation:
        engines = gateway.guard(engines, options.model, key_id)
    return SessionRunner(
        transport,
        engines,
        rules,
        gateway.clock,
        settings or gateway.settings,
        [
            *_observers(gateway, rules.session_id, options, seed, key_id),
            *account.observers(rules.session_id, options.model),
        ],
        new_id=gateway.new_id,
        prepared_room=gateway.prepared_room,
        reports_timing=isinstance(options, SessionOptions) and options.extensions,
        limits=account.response_limits(gateway.new_id, dialect) if is_conversation else None,
        find_prompt=prompt_finder(gateway.database),
        opened_by=opened_by,
        resume_token=resume_token,
        playout=playout,
        tool_servers=gateway.tool_servers,
    )


def sound_exchanged(
    gateway: Gateway, transport: CallTransport, playout: Playout, runner: SessionRunner
) -> AbstractContextManager[None]:
    """Let a call be heard and spoken to, every 20 ms, until the block is left."""

    def hear() -> None:
        if (sound := transport.hear()) is not None:
            runner.hear(sound)

    return gateway.pacer.paced(hear, lambda: transport.play(playout.next_frame))


def opened_by(request: web.Request, key: AdmittedKey) -> str:
    """Return, for the log, with which key a session was begun, and for whom."""
    return whom(key.key_id, safety_identifier(request, key))


def whom(key_id: str, identifier: str | None) -> str:
    """Return, for the log, a key and the user that the operator's own server named, if any."""
    return key_id if identifier is None else f"{key_id} for {identifier!r}"


def _observers(
    gateway: Gateway, session_id: str, options: SomeOptions, seed: int, key_id: str
) -> list[Observer]:
    observers: list[Observer] = [gateway.metrics.of_session()]
    if gateway.recordings is not None:
        header = Header(
            server_version=__version__,
            options=options if isinstance(options, SessionOptions) else SessionOptions(),
            translation=options if isinstance(options, TranslationOptions) else None,
            seed=seed,
            wall_s=gateway.clock.wall(),
            key_id=key_id,
        )
        observers.append(gateway.recordings.start(session_id, header))
    return observers
