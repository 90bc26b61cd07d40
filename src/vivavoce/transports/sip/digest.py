"""Digest authentication (RFC 7616, RFC 8760, RFC 3261 section 22), asked for and answered.

The server side keeps nothing: a nonce says when it ends and is signed together with the caller's
address and Call-ID, so that an overheard answer is of no use for another call.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from aiosipua import SipRequest, SipResponse
from aiosipua.auth import SipDigestAuth, build_credentials
from aiosipua.headers import AuthChallenge, parse_auth, stringify_auth

from vivavoce.transports.sip.messages import new_token

NONCE_S = 120.0
ALGORITHMS = ("SHA-256", "MD5")
"""In the order offered; the first is preferred (RFC 8760, 2.4)."""

Verdict = Literal["right", "stale", "wrong"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Our name and password at a trunk."""

    user: str
    password: str


class Challenger:
    """Asks callers for a password, and checks what they say."""

    def __init__(self, users: Mapping[str, str], realm: str) -> None:
        self._users = users
        self._realm = realm
        self._secret = secrets.token_bytes(32)

    def challenges(
        self, request: SipRequest, source: str, now: float, *, is_stale: bool
    ) -> list[tuple[str, str]]:
        """Return the `WWW-Authenticate` headers of a 401."""
        nonce = self._nonce(request, source, now + NONCE_S)
        stale = ", stale=true" if is_stale else ""
        return [
            (
                "WWW-Authenticate",
                f'Digest realm="{self._realm}", nonce="{nonce}", algorithm={algorithm}, '
                f'qop="auth"{stale}',
            )
            for algorithm in ALGORITHMS
        ]

    def check(self, request: SipRequest, source: str, now: float) -> Verdict:
        """Check the `Authorization` headers of a request; one that is right is enough."""
        verdicts = {
            self._verdict(parse_auth(value), request, source, now)
            for value in request.headers.get("Authorization")
        }
        if "right" in verdicts:
            return "right"
        return "stale" if "stale" in verdicts else "wrong"

    def _verdict(
        self, shown: AuthChallenge, request: SipRequest, source: str, now: float
    ) -> Verdict:
        params = {name.lower(): value for name, value in shown.params.items()}
        algorithm = params.get("algorithm", "MD5")
        if shown.scheme.lower() != "digest" or algorithm.upper() not in ALGORITHMS:
            return "wrong"
        if params.get("realm") != self._realm or params.get("qop", "").lower() != "auth":
            return "wrong"
        password = self._users.get(params.get("username", ""))
        expected = _response(params, request.method, password or secrets.token_hex(8))
        right = hmac.compare_digest(expected, params.get("response", "").lower().encode())
        if password is None or not right:
            return "wrong"
        return self._freshness(params.get("nonce", ""), request, source, now)

    def _freshness(self, nonce: str, request: SipRequest, source: str, now: float) -> Verdict:
        end_ms = nonce.partition("-")[0]
        if not end_ms.isascii() or not end_ms.isdigit() or len(end_ms) > 18:
            return "stale"
        genuine = self._nonce(request, source, int(end_ms) / 1000)
        is_ours = hmac.compare_digest(genuine.encode(), nonce.encode())
        return "right" if is_ours and now * 1000 <= int(end_ms) else "stale"

    def _nonce(self, request: SipRequest, source: str, end: float) -> str:
        end_ms = round(end * 1000)
        signed = f"{end_ms} {source} {request.call_id}".encode()
        return f"{end_ms}-{hmac.new(self._secret, signed, hashlib.sha256).hexdigest()[:32]}"


def answer_challenge(
    response: SipResponse, request: SipRequest, credentials: Credentials
) -> dict[str, str] | None:
    """Return the header that answers a 401 or 407; None if none of its challenges can be.

    The first challenge whose algorithm is known is answered, as the server prefers it.
    """
    asks, answers = (
        ("WWW-Authenticate", "Authorization")
        if response.status_code == 401
        else ("Proxy-Authenticate", "Proxy-Authorization")
    )
    ours = SipDigestAuth(credentials.user, credentials.password)
    for value in response.headers.get(asks):
        challenge = parse_auth(value)
        challenge.params = {name.lower(): text for name, text in challenge.params.items()}
        answer = build_credentials(ours, challenge, request.method, request.uri, cnonce=new_token())
        if answer is not None:
            return {answers: stringify_auth(answer)}
    return None


def is_stale(response: SipResponse) -> bool:
    """Say whether a challenge only wants a newer nonce for the same password."""
    values = response.headers.get("WWW-Authenticate") + response.headers.get("Proxy-Authenticate")
    return any(parse_auth(value).params.get("stale", "").lower() == "true" for value in values)


def _response(params: Mapping[str, str], method: str, password: str) -> bytes:
    made = build_credentials(
        SipDigestAuth(params.get("username", ""), password),
        AuthChallenge("Digest", {**params, "nonce": params.get("nonce") or "-", "qop": "auth"}),
        method,
        params.get("uri", ""),
        nonce_count=_count(params.get("nc", "")),
        cnonce=params.get("cnonce", ""),
    )
    return (made.params["response"] if made else "").encode()


def _count(text: str) -> int:
    is_hexadecimal = len(text) == 8 and all(sign in "0123456789abcdefABCDEF" for sign in text)
    return int(text, 16) if is_hexadecimal else 0
