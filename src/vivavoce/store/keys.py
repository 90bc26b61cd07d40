"""Ephemeral keys: kept as digests, with the session bound to each, until they expire."""

import hmac
import sqlite3

import msgspec
from msgspec import Struct

from vivavoce.protocol.dialect import Dialect
from vivavoce.protocol.session import (
    RealtimeSessionUpdate,
    TranscriptionSessionUpdate,
    TranslationSessionUpdate,
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS ephemeral_keys (
    digest BLOB PRIMARY KEY,
    minted_by TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    dialect TEXT NOT NULL,
    model TEXT,
    session BLOB NOT NULL,
    safety_identifier TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ephemeral_keys_by_expiry ON ephemeral_keys (expires_at);
"""

BoundSession = RealtimeSessionUpdate | TranscriptionSessionUpdate | TranslationSessionUpdate


class EphemeralKey(Struct, frozen=True, kw_only=True):
    """What is known of a key; the key itself is not."""

    minted_by: str
    """`key_id` of the standard key that minted it."""
    expires_at: int
    """Unix seconds; from then on it starts no session."""
    dialect: Dialect
    """Of the address that minted it."""
    model: str | None
    """For connections that name none."""
    session: BoundSession
    """What every session started with it begins with."""
    safety_identifier: str | None = None
    """Whom the operator's own server minted it for, as it says."""


_SESSION_DECODER = msgspec.json.Decoder(BoundSession)


def keep_key(connection: sqlite3.Connection, digest: bytes, key: EphemeralKey, now_s: int) -> None:
    """Keep a new key, and forget those that have expired.

    Args:
        connection: the store.
        digest: SHA-256 of the key.
        key: what is bound to it.
        now_s: Unix seconds.
    """
    connection.execute("DELETE FROM ephemeral_keys WHERE expires_at <= ?", (now_s,))
    connection.execute(
        "INSERT INTO ephemeral_keys VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            digest,
            key.minted_by,
            key.expires_at,
            key.dialect,
            key.model,
            msgspec.json.encode(key.session),
            key.safety_identifier,
        ),
    )


def find_key(connection: sqlite3.Connection, digest: bytes, now_s: int) -> EphemeralKey | None:
    """Return the key with this digest, unless it has expired."""
    row = connection.execute(
        "SELECT * FROM ephemeral_keys WHERE digest = ? AND expires_at > ?", (digest, now_s)
    ).fetchone()
    if row is None or not hmac.compare_digest(row["digest"], digest):
        return None
    return EphemeralKey(
        minted_by=row["minted_by"],
        expires_at=row["expires_at"],
        dialect=row["dialect"],
        model=row["model"],
        session=_SESSION_DECODER.decode(row["session"]),
        safety_identifier=row["safety_identifier"],
    )
