"""`vivavoce serve`."""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from vivavoce.config import Loaded, load_config

MB = 1_000_000


def serve(
    *,
    host: str | None = None,
    port: int | None = None,
    api_key: Annotated[list[str] | None, Parameter(negative=())] = None,
    config: Path | None = None,
    profile: Literal["standard", "light"] | None = None,
    scripted: Path | None = None,
    tls_self_signed: Annotated[bool | None, Parameter(negative=())] = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    log_level: Literal["debug", "info", "warning", "error"] = "info",
) -> None:
    """Serve the Realtime API; fetch the models first if they are missing.

    Args:
        host: Address to listen on; other than loopback needs a key.
        port: Port to listen on; 0 takes a free one.
        api_key: A key that clients must show, for trials; keys belong in VIVAVOCE_API_KEYS.
        config: A TOML file; see docs/reference/configuration.md.
        profile: Which bundled models.
        scripted: Serve what this file scripts, without any model: a double for tests.
        tls_self_signed: Serve https and wss with a certificate made on the spot.
        tls_cert: PEM file of a certificate.
        tls_key: PEM file of its key.
        log_level: How much to say.
    """
    from vivavoce.app import check_listening
    from vivavoce.app import serve as run
    from vivavoce.clock import Clock
    from vivavoce.runtime.log_context import SessionIdFilter

    flags = {
        "server.host": host,
        "server.port": port,
        "server.tls_self_signed": tls_self_signed,
        "server.tls_cert": None if tls_cert is None else str(tls_cert),
        "server.tls_key": None if tls_key is None else str(tls_key),
        "profile": profile,
        "scripted": None if scripted is None else str(scripted),
    }
    loaded = load_config(config, flags, tuple(api_key or ()))
    handler = logging.StreamHandler()
    handler.addFilter(SessionIdFilter())
    logging.basicConfig(
        level=log_level.upper(),
        format="%(asctime)s %(levelname)s %(session_id)s %(message)s",
        datefmt="%H:%M:%S",
        handlers=[handler],
    )
    check_listening(loaded)
    if loaded.config.scripted is None:
        fetch_missing(loaded)

    def say_where(url: str) -> None:
        keys = "any key is taken" if not loaded.api_keys else f"{len(loaded.api_keys)} key(s)"
        what = loaded.config.scripted or f"profile {loaded.config.profile}"
        sys.stderr.write(f"Listening on {url} ({what}, {keys}); getting ready …\n")

    run_loop = asyncio.run
    if sys.platform != "win32":
        import uvloop

        run_loop = uvloop.run
    run_loop(run(loaded, clock=Clock(), on_listening=say_where))


def fetch_missing(loaded: Loaded) -> None:
    """Bring the models that the configured engines need and that are not there yet.

    Raises:
        ConfigError: the folder can't be written.
        EngineError: a model can't be had.
    """
    from vivavoce.cli.models import fetch_with_progress
    from vivavoce.engines.bundled_models import needed_models
    from vivavoce.models.installed import is_installed

    needed = needed_models(loaded.engine_tables, loaded.config.profile)
    missing = [name for name in needed if not is_installed(loaded.models_dir, name)]
    if missing:
        source = loaded.config.models.source
        fetch_with_progress(loaded.models_dir, missing, Path(source) if source else None)
