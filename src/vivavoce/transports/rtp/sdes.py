"""Keys of encrypted media that are told in the signalling (SDES, RFC 4568).

Only as secret as the signalling is. Suites of RFC 4568 and RFC 7714.
"""

import base64
import binascii
import secrets
from typing import Literal

from msgspec import Struct

Suite = Literal[
    "AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"
]
KEY_BYTES: dict[str, int] = {
    "AEAD_AES_256_GCM": 44,
    "AEAD_AES_128_GCM": 28,
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
}
"""Master key and salt."""
OFFERED: tuple[Suite, ...] = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")
_HARMLESS = ("WSH=", "KDR=0")
"""Parameters that ask for nothing; all others would change the packets."""


class SrtpKey(Struct, frozen=True):
    """The key of one direction."""

    suite: Suite
    key: bytes
    """Master key and salt, one behind the other."""

    def __repr__(self) -> str:
        return f"SrtpKey({self.suite}, secret)"


def new_key(suite: Suite) -> SrtpKey:
    """Return a key nobody else knows."""
    return SrtpKey(suite, secrets.token_bytes(KEY_BYTES[suite]))


def parse_crypto(value: str) -> tuple[str, SrtpKey] | None:
    """Return tag and key of an `a=crypto`; None: it is damaged, or asks for what we can't do."""
    tag, _, rest = value.strip().partition(" ")
    suite, _, rest = rest.strip().partition(" ")
    inline, *parameters = rest.split() or [""]
    if suite not in KEY_BYTES or not tag.isdecimal() or not inline.startswith("inline:"):
        return None
    if not all(parameter.startswith(_HARMLESS) for parameter in parameters):
        return None
    key_text, *options = inline.removeprefix("inline:").split("|")
    if any(":" in option for option in options) or ";" in inline:
        return None  # a master key identifier would lengthen every packet
    try:
        key = base64.b64decode(key_text + "=" * (-len(key_text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(key) != KEY_BYTES[suite]:
        return None
    return tag, SrtpKey(_suite(suite), key)


def crypto_value(tag: str, key: SrtpKey) -> str:
    """Return the value of an `a=crypto`."""
    return f"{tag} {key.suite} inline:{base64.b64encode(key.key).decode()}"


def _suite(name: str) -> Suite:
    for suite in _SUITES:
        if suite == name:
            return suite
    raise AssertionError(name)


_SUITES: tuple[Suite, ...] = (
    "AEAD_AES_256_GCM",
    "AEAD_AES_128_GCM",
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
)
