"""Stored prompts: every version of each, until the prompt is removed."""

import sqlite3

import msgspec
from msgspec import Struct

from vivavoce.protocol.stored_prompts import PromptTemplate
from vivavoce.protocol.tools import FunctionTool

SCHEMA = """
CREATE TABLE IF NOT EXISTS prompts (
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    instructions TEXT NOT NULL,
    tools BLOB NOT NULL,
    voice TEXT,
    PRIMARY KEY (id, version)
) WITHOUT ROWID;
"""


class PromptContent(Struct, frozen=True, kw_only=True):
    """What a version of a prompt says."""

    instructions: str
    tools: tuple[FunctionTool, ...] = ()
    voice: str | None = None


class PromptVersion(Struct, frozen=True, kw_only=True):
    """One version, as kept."""

    template: PromptTemplate
    created_at: int
    """Unix seconds."""


_TOOLS_DECODER = msgspec.json.Decoder(tuple[FunctionTool, ...])


def add_prompt(
    connection: sqlite3.Connection, prompt_id: str, content: PromptContent, now_s: int
) -> PromptVersion:
    """Keep a prompt; if there is one with this id, as its next version."""
    (newest,) = connection.execute(
        "SELECT MAX(version) FROM prompts WHERE id = ?", (prompt_id,)
    ).fetchone()
    row = connection.execute(
        "INSERT INTO prompts VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
        (
            prompt_id,
            (newest or 0) + 1,
            now_s,
            content.instructions,
            msgspec.json.encode(content.tools),
            content.voice,
        ),
    ).fetchone()
    return _version(row)


def find_prompt(
    connection: sqlite3.Connection, prompt_id: str, version: str | None = None
) -> PromptVersion | None:
    """Return one version of a prompt, the newest unless one is named; None: there is none."""
    row = connection.execute(
        "SELECT * FROM prompts WHERE id = ?1 AND (?2 IS NULL OR CAST(version AS TEXT) = ?2) "
        "ORDER BY version DESC LIMIT 1",
        (prompt_id, version),
    ).fetchone()
    return None if row is None else _version(row)


def list_versions(connection: sqlite3.Connection, prompt_id: str) -> list[str]:
    """Return the versions of a prompt, oldest first; none: there is no such prompt."""
    rows = connection.execute(
        "SELECT version FROM prompts WHERE id = ? ORDER BY version", (prompt_id,)
    )
    return [str(row["version"]) for row in rows]


def list_prompts(connection: sqlite3.Connection) -> list[PromptVersion]:
    """Return the newest version of every prompt, by id."""
    rows = connection.execute(
        "SELECT * FROM prompts AS one WHERE version = "
        "(SELECT MAX(version) FROM prompts WHERE id = one.id) ORDER BY id"
    )
    return [_version(row) for row in rows]


def remove_prompt(connection: sqlite3.Connection, prompt_id: str) -> bool:
    """Forget a prompt with all its versions; say whether there was one."""
    return connection.execute("DELETE FROM prompts WHERE id = ?", (prompt_id,)).rowcount > 0


def _version(row: sqlite3.Row) -> PromptVersion:
    template = PromptTemplate(
        id=row["id"],
        version=str(row["version"]),
        instructions=row["instructions"],
        tools=_TOOLS_DECODER.decode(row["tools"]),
        voice=row["voice"],
    )
    return PromptVersion(template=template, created_at=row["created_at"])
