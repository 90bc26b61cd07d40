"""Opens the engines that the configuration names.

Engines are found by entry point, built-in ones and those of other packages alike.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from vivavoce.engines.bundled_models import (
    BUNDLED,
    CASCADE,
    EngineTable,
    engine_settings,
    used_tables,
)
from vivavoce.engines.cascade.lines import speak_line
from vivavoce.engines.cascade.responder import CascadeResponder
from vivavoce.engines.translators.choice import AUTO, check_nothing_asked, choose_interpreter
from vivavoce.errors import ConfigError
from vivavoce.interfaces import Engines, ResponderEngine

OpenEngine = Callable[[Mapping[str, object]], AbstractAsyncContextManager[Any]]

LISTENING = ("speech_detector", "turn_judge", "transcriber", "picture_reader")
ANSWERING = ("language_model", "synthesizer")
RESPONDER = "responder"
NONE = "none"
"""`use` of an engine that is not wanted."""
MAY_BE_NONE = ("turn_judge", "picture_reader")


@asynccontextmanager
async def open_engines(
    tables: Mapping[str, EngineTable],
    profile: str,
    models_dir: Path,
    *,
    translation: str = AUTO,
) -> AsyncIterator[Engines]:
    """Open and warm all engines, several at a time; close them at the end of the block.

    Args:
        tables: the configured engine of each role; a responder other than the cascade takes the
            place of language model and synthesizer.
        profile: `standard` or `light`.
        models_dir: where the needed models are.
        translation: which of them translates, as `translation.use` says.

    Raises:
        ConfigError: an engine is unknown, refuses its settings, or cannot translate.
        EngineError: an engine can't be opened.
    """
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    tables = used_tables(tables)
    roles = (*LISTENING, *((RESPONDER,) if RESPONDER in tables else ANSWERING))
    opened: dict[str, asyncio.Future[Any]] = {role: loop.create_future() for role in roles}
    try:
        async with asyncio.TaskGroup() as tasks:
            for role in roles:
                opening = _open(role, tables[role], profile, models_dir)
                tasks.create_task(_hold(role, opening, opened[role], done))
            found = {role: await opened[role] for role in roles}
            try:
                yield _joined(found, tables, translation)
            finally:
                done.set()
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


async def _hold(
    role: str,
    opening: AbstractAsyncContextManager[Any],
    opened: asyncio.Future[Any],
    done: asyncio.Event,
) -> None:
    """Open an engine and close it in the same task, as its context manager wants."""
    try:
        async with opening as engine:
            opened.set_result(engine)
            await done.wait()
    except ConfigError as error:
        place = f"engines.{role}"
        path = place if error.path is None else f"{place}.{error.path}"
        raise ConfigError(error.message, path=path) from error


@asynccontextmanager
async def _open(
    role: str, table: EngineTable, profile: str, models_dir: Path
) -> AsyncIterator[object]:
    use = str(table.get("use"))
    if role in MAY_BE_NONE and use == NONE:
        yield None
        return
    settings = engine_settings(table, profile, models_dir)
    async with find_engine(role, use)(settings) as engine:
        yield engine


def find_engine(role: str, use: str) -> OpenEngine:
    """Return what opens an engine.

    Raises:
        ConfigError: there is no engine of that name; lists those there are.
    """
    found = entry_points(group=f"vivavoce.{role}s")
    for entry in found:
        if entry.name == use:
            loaded: OpenEngine = entry.load()
            return loaded
    built_in = [CASCADE] if role == RESPONDER else []
    names = ", ".join(sorted([*built_in, *(entry.name for entry in found)]))
    raise ConfigError(f"there is no engine '{use}' (known: {names})", path="use")


def _joined(
    opened: Mapping[str, Any], tables: Mapping[str, EngineTable], translation: str
) -> Engines:
    if RESPONDER in opened:
        check_nothing_asked(translation)
        return _answering_alone(opened, opened[RESPONDER])
    language_model, synthesizer = opened["language_model"], opened["synthesizer"]
    return Engines(
        new_speech_detector=opened["speech_detector"],
        transcriber=opened["transcriber"],
        responder=CascadeResponder(language_model, synthesizer),
        language_model=language_model,
        voices=synthesizer.voices,
        custom_voices=synthesizer.custom_voices,
        speak=partial(speak_line, synthesizer),
        turn_judge=opened["turn_judge"],
        picture_reader=opened["picture_reader"],
        interpreter=choose_interpreter(
            translation,
            transcriber=opened["transcriber"],
            language_model=language_model,
            is_model_bundled=tables["language_model"]["use"] in BUNDLED,
            synthesizer=synthesizer,
        ),
    )


def _answering_alone(opened: Mapping[str, Any], engine: ResponderEngine) -> Engines:
    return Engines(
        new_speech_detector=opened["speech_detector"],
        transcriber=opened["transcriber"],
        responder=engine.responder,
        language_model=engine.language_model,
        voices=engine.voices,
        turn_judge=opened["turn_judge"],
        picture_reader=opened["picture_reader"],
    )
