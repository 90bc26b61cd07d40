"""`vivavoce prompts`: the stored prompts that sessions may name."""

import tomllib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection

import msgspec
from cyclopts import App
from msgspec import Struct
from rich.console import Console
from rich.table import Column, Table

from vivavoce.clock import Clock
from vivavoce.config import load_config
from vivavoce.errors import ConfigError
from vivavoce.protocol.stored_prompts import Instructions, PromptId
from vivavoce.protocol.tools import FunctionTool
from vivavoce.store.database import connect
from vivavoce.store.prompts import (
    PromptContent,
    PromptVersion,
    add_prompt,
    find_prompt,
    list_prompts,
    list_versions,
    remove_prompt,
)
from vivavoce.store.tables import FILE_NAME, SCHEMAS

app = App(name="prompts", help="List, add, show and remove stored prompts.")


class PromptFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a TOML file may hold."""

    instructions: Instructions
    id: PromptId | None = None
    """None: the name of the file."""
    tools: tuple[FunctionTool, ...] = ()
    voice: str | None = None


@app.command(name="list")
def show_all() -> None:
    """Show every prompt with its newest version."""
    table = Table(Column("prompt", no_wrap=True), "version", "added", "voice", "tools", "begins")
    with _store() as connection:
        for kept in list_prompts(connection):
            template = kept.template
            tools = ", ".join(tool.name for tool in template.tools)
            begins = " ".join(template.instructions.split())[:60]
            table.add_row(
                template.id, template.version, _day(kept), template.voice or "", tools, begins
            )
    Console().print(table)


@app.command
def add(file: Path, *, id: str | None = None) -> None:
    """Keep a file as a prompt, or as the next version of the prompt with the same id.

    Args:
        file: A text, which is the instructions as it stands; or `.toml` with `instructions`, and
            if wanted `id`, `voice` and `[[tools]]`.
        id: None: the one in the file, else the name of the file without its ending.
    """
    read = _read(file)
    prompt_id = _checked(id or read.id or file.stem, PromptId, "id")
    content = PromptContent(instructions=read.instructions, tools=read.tools, voice=read.voice)
    with _store() as connection:
        added = add_prompt(connection, prompt_id, content, Clock().wall())
    _say(f"{prompt_id} version {added.template.version}")


@app.command
def show(id: str, *, version: str | None = None) -> None:
    """Print the instructions of a prompt, with the names of its versions.

    Args:
        id: Which.
        version: Which of its versions; none: the newest.
    """
    with _store() as connection:
        found = find_prompt(connection, id, version)
        versions = list_versions(connection, id)
    if found is None:
        which = id if version is None else f"{id} version {version}"
        raise ConfigError(f"there is no prompt {which}")
    Console(stderr=True).print(
        f"{id} version {found.template.version} of {', '.join(versions)}", highlight=False
    )
    _say(found.template.instructions)


@app.command
def remove(*ids: str) -> None:
    """Delete prompts with all their versions.

    Args:
        ids: Which.
    """
    with _store() as connection:
        for prompt_id in ids:
            if not remove_prompt(connection, prompt_id):
                raise ConfigError(f"there is no prompt {prompt_id}")


@contextmanager
def _store() -> Iterator[Connection]:
    """Open the server's store, which it may be using meanwhile, for one transaction."""
    with closing(connect(load_config().data_dir / FILE_NAME, SCHEMAS)) as connection, connection:
        yield connection


def _read(file: Path) -> PromptFile:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't read {file}: {error}") from error
    if file.suffix != ".toml":
        return PromptFile(instructions=_checked(text, Instructions, str(file)))
    try:
        return msgspec.convert(tomllib.loads(text), PromptFile)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{file}: {error}") from error


def _checked(text: str, kind: object, what: str) -> str:
    try:
        checked: str = msgspec.convert(text, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{what}: {error}") from error
    return checked


def _day(kept: PromptVersion) -> str:
    return datetime.fromtimestamp(kept.created_at, UTC).strftime("%Y-%m-%d")


def _say(text: str) -> None:
    Console(soft_wrap=True, highlight=False, markup=False).print(text)
