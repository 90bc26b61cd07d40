"""Puts everything together: configuration, engines, server."""

import asyncio
import logging
import secrets
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from aiohttp import web
from msgspec import structs

from vivavoce.api.accounts import Accounts
from vivavoce.api.auth import ApiKeys
from vivavoce.api.gateway import Gateway
from vivavoce.api.models import DEFAULT_MODEL, MODEL_NAMES
from vivavoce.api.routes import make_app
from vivavoce.api.webhooks import open_webhooks
from vivavoce.assembly.accounting import open_accounts
from vivavoce.assembly.documents import opened_documents
from vivavoce.assembly.engines import engines_line, open_embedder, opened_engines
from vivavoce.assembly.options import max_prepared, session_options, translation_options
from vivavoce.assembly.sounds import read_sounds
from vivavoce.assembly.telephone import check_telephone, open_telephone
from vivavoce.assembly.tool_servers import opened_tool_servers, with_tool_limits
from vivavoce.assembly.webhook_endpoints import webhook_endpoints
from vivavoce.clock import Clock
from vivavoce.config import Loaded
from vivavoce.config_tables import Config
from vivavoce.core.options import SessionOptions
from vivavoce.engines.guards.opening import check_guardrails, open_guards
from vivavoce.errors import ConfigError, EngineError
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import Engines
from vivavoce.runtime.background import Background
from vivavoce.runtime.directory import Directory
from vivavoce.runtime.loop_lag import measure_loop_lag
from vivavoce.runtime.metrics import Metrics
from vivavoce.runtime.prepared_room import PreparedRoom
from vivavoce.runtime.recorder import Recordings, open_recordings
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.store.database import Database
from vivavoce.store.tables import open_store
from vivavoce.transports.webrtc.peer import PeerSettings

LOG = logging.getLogger(__name__)
LOOPBACK_NAMES = ("localhost",)
RECORDINGS = "recordings"  # in the data folder
SEED_BITS = 63
LONGEST_END_S = 9.5
"""From the signal to the end of the process, whatever hangs: the system's alarm kills it then, for
service managers lose patience after 10 s. Worker processes end when they lose the gateway."""
GOODBYE_S = 1.0
"""For connections that are still open after the drain."""


async def serve(
    loaded: Loaded, *, clock: Clock, on_listening: Callable[[str], None] = lambda url: None
) -> None:
    """Serve until cancelled, or until SIGTERM or SIGINT; then drain.

    Args:
        loaded: the configuration; its models are fetched already.
        clock: the server's.
        on_listening: told the base URL once the server listens (not yet warm).

    Raises:
        ConfigError: it can't listen there, or an engine refuses its settings.
        EngineError: an engine can't be opened.
    """
    check_listening(loaded)
    check_telephone(loaded.config)
    check_guardrails(loaded.config.guardrails)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        signal.setitimer(signal.ITIMER_REAL, LONGEST_END_S)
        stop.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, end)
    try:
        await _serve_until(stop, loaded, clock, on_listening)
    except* _Stopped:
        pass
    except* (ConfigError, EngineError) as group:
        raise _first_of(group) from None


async def _serve_until(
    stop: asyncio.Event, loaded: Loaded, clock: Clock, on_listening: Callable[[str], None]
) -> None:
    endpoints, tls = webhook_endpoints(loaded), _tls(loaded)
    started, loop = clock.now(), asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_store(loaded.data_dir))
        accounts = await stack.enter_async_context(open_accounts(loaded, clock, database))
        gateway = _gateway(loaded, clock, database, accounts)
        opening_webhooks = open_webhooks(
            endpoints, database, clock, gateway.background, gateway.new_id
        )
        webhooks = await stack.enter_async_context(opening_webhooks)
        await stack.enter_async_context(opened_documents(loaded, gateway))
        load_tools = await stack.enter_async_context(opened_tool_servers(loaded, gateway))
        await stack.enter_async_context(gateway.background)
        if gateway.adding is not None:
            gateway.background.start(gateway.adding.run(), "adding documents")
        await webhooks.resume()
        url = await stack.enter_async_context(_listening(make_app(gateway), loaded, tls))
        on_listening(url)
        opening = loop.create_future()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(measure_loop_lag(clock, gateway.metrics.loop_lag_s.observe))
            tasks.create_task(accounts.write_regularly())
            telephone = partial(open_telephone, loaded, gateway, webhooks, tls)
            tasks.create_task(
                _run_engines(loaded, gateway, telephone, load_tools, started, opening)
            )
            await stop.wait()
            LOG.info("ending")
            await gateway.directory.drain(gateway.drain_timeout_s)
            raise _Stopped


def _first_of(group: BaseExceptionGroup[Exception]) -> BaseException:
    """Return the first error itself, out of the task groups that it ended on its way."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


class _Stopped(Exception):  # noqa: N818 - not an error: ends the task group
    pass


async def _run_engines(
    loaded: Loaded,
    gateway: Gateway,
    telephone: Callable[[Engines], AbstractAsyncContextManager[None]],
    load_tools: Callable[[], None],
    started: float,
    opening: asyncio.Future[None],
) -> None:
    async with _recordings(loaded) as recordings, opened_engines(loaded) as engines:
        gateway.recordings = recordings
        sounds = await asyncio.to_thread(read_sounds, loaded.config.playback)
        options = session_options(loaded.config, engines)
        options = with_tool_limits(options, loaded.config.tools)
        gateway.options = structs.replace(options, sounds=tuple(sounds))
        gateway.settings = structs.replace(gateway.settings, sounds=sounds)
        gateway.translation = translation_options(loaded.config, engines)
        gateway.prepared_room = PreparedRoom(max_prepared(loaded.config, engines))
        embedder = partial(open_embedder, loaded)
        opening_guards = open_guards(loaded.config.guardrails, loaded.environment, embedder)
        async with opening_guards as guards:
            gateway.guard = guards.stand_before
            gateway.engines = engines
            async with telephone(engines):
                ready_s = gateway.clock.now() - started
                LOG.info("ready after %.1f s: %s", ready_s, engines_line(loaded))
                load_tools()
                await opening  # forever: until the group ends


def check_listening(loaded: Loaded) -> None:
    """Refuse to listen where strangers may come, unless they need a key.

    Raises:
        ConfigError: the address is no loopback one and there are no keys.
    """
    host = loaded.config.server.host
    if loaded.api_keys or host in LOOPBACK_NAMES:
        return
    try:
        is_loopback = ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ConfigError(
            f"without keys the server listens on loopback only, not on {host}. "
            "Set VIVAVOCE_API_KEYS or server.api_keys_file, or leave the host away.",
            path="server.host",
        )


def _gateway(loaded: Loaded, clock: Clock, database: Database, accounts: Accounts) -> Gateway:
    config = loaded.config
    session = config.session
    return Gateway(
        clock=clock,
        new_id=seeded_ids(secrets.randbits(SEED_BITS)),
        database=database,
        accounts=accounts,
        new_seed=lambda: secrets.randbits(SEED_BITS),
        options=SessionOptions(),
        settings=RunnerSettings(
            max_lead_s=session.max_lead_s,
            engine_stall_s=session.engine_stall_s,
            client_stall_s=session.client_stall_s,
            resume_s=session.resume_s,
            cancels_echo=config.webrtc.echo_cancellation,
        ),
        directory=Directory(config.server.max_sessions),
        background=Background(),
        webrtc=peer_settings(config),
        prepared_room=PreparedRoom(0),
        metrics=Metrics(),
        keys=ApiKeys(loaded.api_keys),
        model_names=(*MODEL_NAMES, *config.models.aliases),
        default_model=DEFAULT_MODEL,
        recordings_dir=loaded.data_dir / RECORDINGS,
        records=session.record,
        profile="scripted" if config.scripted is not None else config.profile,
        drain_timeout_s=config.server.drain_timeout_s,
    )


def peer_settings(config: Config) -> PeerSettings:
    """Return what the media engine of calls is told of the network.

    Raises:
        ConfigError: an address is none, or the port range is upside down.
    """
    webrtc = config.webrtc
    for address in webrtc.advertised_addresses:
        try:
            ip_address(address)
        except ValueError:
            raise ConfigError(
                f"'{address}' is no IP address; names are not looked up",
                path="webrtc.advertised_addresses",
            ) from None
    ports = webrtc.udp_port_range
    if ports is not None and ports[0] > ports[1]:
        raise ConfigError("the lowest port comes first", path="webrtc.udp_port_range")
    return PeerSettings(advertised_addresses=webrtc.advertised_addresses, port_range=ports)


@asynccontextmanager
async def _recordings(loaded: Loaded) -> AsyncIterator[Recordings | None]:
    record = loaded.config.session.record
    if record == "off":
        yield None
        return
    with open_recordings(loaded.data_dir / RECORDINGS, with_sound=record == "full") as opened:
        yield opened


@asynccontextmanager
async def _listening(
    app: web.Application, loaded: Loaded, context: ssl.SSLContext | None
) -> AsyncIterator[str]:
    server = loaded.config.server
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GOODBYE_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, server.host, server.port, ssl_context=context)
        try:
            await site.start()
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(
                f"can't listen on {server.host}:{server.port}: {reason}", path="server.port"
            ) from error
        port = runner.addresses[0][1]
        host = f"[{server.host}]" if ":" in server.host else server.host
        yield f"{'https' if context else 'http'}://{host}:{port}/v1"
    finally:
        await runner.cleanup()


def _tls(loaded: Loaded) -> ssl.SSLContext | None:
    server = loaded.config.server
    if not server.tls_self_signed and server.tls_cert is None and server.tls_key is None:
        return None
    from vivavoce.tls import self_signed, tls_context  # loads cryptography

    if server.tls_self_signed:
        certificate, key = self_signed(loaded.data_dir / "tls", server.host)
        LOG.info("self-signed certificate, for NODE_EXTRA_CA_CERTS: %s", certificate)
        return tls_context(certificate, key)
    if server.tls_cert is None or server.tls_key is None:
        raise ConfigError("tls_cert and tls_key belong together", path="server.tls_cert")
    return tls_context(Path(server.tls_cert), Path(server.tls_key))
