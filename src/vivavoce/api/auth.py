"""Who may come in: API keys, however a client shows them (10-transports-auth, section 2)."""

import hashlib
import hmac
from collections.abc import Iterable
from enum import Enum

from aiohttp import web

from vivavoce.errors import ProtocolError

SUBPROTOCOL_PREFIX = "openai-insecure-api-key."
EPHEMERAL_PREFIX = "ek_"
"""Of the keys that the server mints; keys of the operator begin otherwise."""
QUERY_PARAMETER = "api_key"
"""For clients that can set neither headers nor subprotocols; never logged."""


N_ID_DIGITS = 16


class Place(Enum):
    """Where a key was shown; decides how a wrong one is refused."""

    HEADER = "header"
    SUBPROTOCOL = "subprotocol"
    QUERY = "query"
    NOWHERE = "nowhere"


class ApiKeys:
    """The keys of the operator. Without any, everybody may come in, with any key or none."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._digests = tuple(key_digest(key) for key in keys)
        self._ids = frozenset(_id_of(digest) for digest in self._digests)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def accept(self, key: str | None) -> bool:
        """Say whether the key opens the door, in a time that does not tell how nearly."""
        if not self._digests:
            return True
        shown = key_digest(key or "")
        matches = [hmac.compare_digest(shown, digest) for digest in self._digests]
        return any(matches)

    def knows(self, key_id: str) -> bool:
        """Say whether the key with this id still opens the door."""
        return not self._digests or key_id in self._ids


def key_id_of(key: str | None) -> str:
    """Return a stable name for a key, fit for logs and records; it does not tell the key."""
    return "anonymous" if key is None else _id_of(key_digest(key))


def shown_key(request: web.Request) -> tuple[str | None, Place]:
    """Return the key a request shows and where: header, then subprotocol, then query."""
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, key = header.partition(" ")
        return (key.strip() if scheme.lower() == "bearer" else None), Place.HEADER
    offered = offered_subprotocols(request)
    for token in offered:
        if token.startswith(SUBPROTOCOL_PREFIX):
            return token.removeprefix(SUBPROTOCOL_PREFIX), Place.SUBPROTOCOL
    if QUERY_PARAMETER in request.query:
        return request.query[QUERY_PARAMETER], Place.QUERY
    return None, Place.SUBPROTOCOL if offered else Place.NOWHERE


def offered_subprotocols(request: web.Request) -> list[str]:
    """Return the subprotocols that a WebSocket client offers, in its order."""
    headers = request.headers.getall("Sec-WebSocket-Protocol", [])
    return [token.strip() for header in headers for token in header.split(",")]


def wrong_key(key: str | None) -> ProtocolError:
    """Return the refusal; it does not repeat the key."""
    message = (
        "No API key was provided. Send it in a header: 'Authorization: Bearer KEY'."
        if key is None
        else "Incorrect API key provided."
    )
    return ProtocolError(message, code="invalid_api_key")


def key_digest(key: str) -> bytes:
    """Return what is kept of a key, and compared: its SHA-256."""
    return hashlib.sha256(key.encode(errors="surrogateescape")).digest()


def _id_of(digest: bytes) -> str:
    # Hashed once more, so that an id never is the beginning of a digest that opens a door.
    return f"key_{hashlib.sha256(digest).hexdigest()[:N_ID_DIGITS]}"
