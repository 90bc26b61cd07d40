"""Ephemeral keys in the store."""

import sqlite3
from pathlib import Path

import pytest
from msgspec import UNSET

from vivavoce.protocol.session import (
    AudioInputUpdate,
    RealtimeSessionUpdate,
    TranscriptionAudioUpdate,
    TranscriptionSessionUpdate,
    TranslationSessionUpdate,
)
from vivavoce.store.database import IN_MEMORY, connect
from vivavoce.store.keys import BoundSession, EphemeralKey, find_key, keep_key
from vivavoce.store.tables import SCHEMAS

DIGEST = bytes(32)
OTHER = bytes([1]) * 32


def store(path: Path = IN_MEMORY) -> sqlite3.Connection:
    return connect(path, SCHEMAS)


def key(expires_at: int = 100, session: BoundSession | None = None) -> EphemeralKey:
    return EphemeralKey(
        minted_by="key_1",
        expires_at=expires_at,
        dialect="ga",
        model=None,
        session=session or RealtimeSessionUpdate(),
    )


@pytest.mark.parametrize(
    "session",
    [
        RealtimeSessionUpdate(model="gpt-realtime", prompt=None, instructions=""),
        TranscriptionSessionUpdate(
            audio=TranscriptionAudioUpdate(input=AudioInputUpdate(turn_detection=None))
        ),
        TranslationSessionUpdate(),
    ],
)
def test_a_session_comes_back_with_what_was_left_out_and_what_was_null(
    tmp_path: Path, session: BoundSession
) -> None:
    kept = key(session=session)
    with store(tmp_path / "store.sqlite") as connection:
        keep_key(connection, DIGEST, kept, 0)
    connection.close()
    connection = store(tmp_path / "store.sqlite")
    found = find_key(connection, DIGEST, 99)
    connection.close()

    assert found == kept
    assert not isinstance(session, RealtimeSessionUpdate) or session.audio is UNSET


def test_a_key_is_found_until_it_expires() -> None:
    connection = store()
    keep_key(connection, DIGEST, key(expires_at=100), 0)

    found = [find_key(connection, DIGEST, now_s) is not None for now_s in (0, 99, 100)]
    unknown = find_key(connection, OTHER, 0)
    connection.close()

    assert found == [True, True, False]
    assert unknown is None


def test_expired_keys_are_forgotten_when_one_is_minted() -> None:
    connection = store()
    keep_key(connection, DIGEST, key(expires_at=100), 0)
    keep_key(connection, OTHER, key(expires_at=200), 100)

    (n_kept,) = connection.execute("SELECT COUNT(*) FROM ephemeral_keys").fetchone()
    connection.close()

    assert n_kept == 1
