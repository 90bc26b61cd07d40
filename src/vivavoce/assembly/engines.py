"""The engines of a configuration, opened."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from msgspec import structs

from vivavoce.config import Loaded
from vivavoce.config_tables import Config
from vivavoce.engines.strict_settings import with_environment
from vivavoce.interfaces import Embedder, Engines, PictureChecker


@asynccontextmanager
async def opened_engines(loaded: Loaded) -> AsyncIterator[Engines]:
    """Open the engines of a configuration: scripted ones, or those that it names.

    Raises:
        ConfigError: an engine is unknown or refuses its settings.
        EngineError: an engine can't be opened.
    """
    async with _chosen_engines(loaded) as engines, _picture_checker(loaded.config) as checker:
        yield structs.replace(engines, picture_checker=checker)


@asynccontextmanager
async def _picture_checker(config: Config) -> AsyncIterator[PictureChecker]:
    from vivavoce.engines.picture_readers.checker import PictureLimits, open_picture_checker

    limits = PictureLimits(
        max_bytes=config.pictures.max_bytes,
        max_pixels=config.pictures.max_pixels,
        check_timeout_s=config.pictures.check_timeout_s,
    )
    async with open_picture_checker(limits) as checker:
        yield checker


@asynccontextmanager
async def _chosen_engines(loaded: Loaded) -> AsyncIterator[Engines]:
    config = loaded.config
    if config.scripted is not None:
        from vivavoce.engines.picture_readers.text_and_colours import open_engine
        from vivavoce.testing.scripted import open_scripted_engines

        scripted = open_scripted_engines(Path(config.scripted))
        async with scripted as engines, open_engine({"text": False}) as reader:
            yield structs.replace(engines, picture_reader=reader)
        return
    from vivavoce.engines.bundled_models import used_tables
    from vivavoce.engines.loader import open_engines

    tables = {
        role: with_environment(table, loaded.environment)
        for role, table in used_tables(loaded.engine_tables).items()
    }
    async with open_engines(
        tables, config.profile, loaded.models_dir, translation=config.translation.use
    ) as engines:
        yield engines


def engines_line(loaded: Loaded) -> str:
    """Return which engines are used, for the log."""
    if loaded.config.scripted is not None:
        return f"everything is scripted by {loaded.config.scripted}"
    from vivavoce.engines.bundled_models import used_tables

    tables = used_tables(loaded.engine_tables)
    return ", ".join(f"{role} {table['use']}" for role, table in tables.items())


def open_embedder(loaded: Loaded) -> AbstractAsyncContextManager[Embedder]:
    """Return what opens the model that tells topics; it is fetched when it is first needed."""
    from vivavoce.engines.embedders.on_demand import embedder_on_demand

    named = loaded.config.models.source
    source = None if named is None else Path(named).expanduser()
    return embedder_on_demand(loaded.models_dir, source, asyncio.Lock(), can_wait=False)
