"""One webhook endpoint: how a delivery is signed and sent.

Source: Standard Webhooks 1.0, as the official clients check it (10-transports-auth, section 7.2).
It is one HMAC; a library for it would be a dependency for 10 lines.
"""

import base64
import binascii
import hashlib
import hmac

import aiohttp
from msgspec import Struct

from vivavoce.protocol.webhooks import EventType

SECRET_PREFIX = "whsec_"
TIMEOUT_S = 5.0
"""For the answer: an endpoint that has more to do does it afterwards."""
USER_AGENT = "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)"
"""The reference's: endpoints may look for it."""


class Endpoint(Struct, frozen=True, kw_only=True):
    """Where events are delivered to."""

    url: str
    key: bytes
    """Of the signature; see `signing_key`."""
    events: tuple[EventType, ...]
    """Those that it wants."""


class Attempt(Struct, frozen=True):
    """How one attempt went."""

    is_delivered: bool
    outcome: str
    """For people to read, such as `status 204`."""


def signing_key(secret: str) -> bytes:
    """Return the key of a secret: decoded if it begins with `whsec_`, else its bytes.

    Raises:
        ValueError: what follows the prefix is no base64, or the secret is empty.
    """
    if not secret.startswith(SECRET_PREFIX):
        key = secret.encode()
    else:
        try:
            key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error as error:
            raise ValueError("what follows 'whsec_' is no base64") from error
    if not key:
        raise ValueError("the secret is empty")
    return key


def signature(key: bytes, webhook_id: str, timestamp_s: int, body: bytes) -> str:
    """Return the value of `webhook-signature`."""
    message = f"{webhook_id}.{timestamp_s}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()}"


async def deliver_once(
    http: aiohttp.ClientSession,
    endpoint: Endpoint,
    *,
    webhook_id: str,
    timestamp_s: int,
    body: bytes,
) -> Attempt:
    """Send one event to one endpoint; a redirect is a failure, and not followed.

    Args:
        http: open.
        endpoint: where to.
        webhook_id: the same for all attempts, so that duplicates can be told.
        timestamp_s: Unix time of this attempt.
        body: the event as JSON.
    """
    headers = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": signature(endpoint.key, webhook_id, timestamp_s, body),
    }
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with http.post(
            endpoint.url, data=body, headers=headers, allow_redirects=False, timeout=timeout
        ) as answer:
            return Attempt(200 <= answer.status < 300, f"status {answer.status}")
    except TimeoutError:
        return Attempt(False, f"no answer in {TIMEOUT_S:g} s")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Attempt(False, str(error) or type(error).__name__)
