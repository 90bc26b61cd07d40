"""How the media of a call is kept secret: what was offered, and what we say to it.

Keys in the signalling (SDES, RFC 4568; also offered beside plain media, RFC 8643), or agreed on in
the media itself (DTLS-SRTP, RFC 5763).
"""

from collections.abc import Callable

from msgspec import Struct

from vivavoce.transports.rtp.refusal import MediaRefused
from vivavoce.transports.rtp.sdes import SrtpKey, Suite, crypto_value, parse_crypto
from vivavoce.transports.rtp.sdp_text import Description, MediaDescription
from vivavoce.transports.rtp.settings import RtpSettings


class Plain(Struct, frozen=True, tag=True):
    """No encryption."""


class Sdes(Struct, frozen=True, tag=True):
    """Each side told the key it encrypts with."""

    local: SrtpKey
    remote: SrtpKey


class Dtls(Struct, frozen=True, tag=True):
    """The keys come from a handshake with whoever has a certificate of these fingerprints."""

    fingerprints: tuple[str, ...]
    """Such as `sha-256 AB:CD:...`, in the case they came in."""
    is_client: bool
    """Whether we begin the handshake."""


Security = Plain | Sdes | Dtls


class Secured(Struct, frozen=True):
    """What an offer comes to, with the lines of our answer that say so."""

    security: Security
    lines: tuple[str, ...]


def secure(
    offer: Description,
    media: MediaDescription,
    settings: RtpSettings,
    key_of: Callable[[Suite], SrtpKey],
    fingerprint: str,
    previous: Security | None,
) -> Secured:
    """Return how the media of an offer is to be encrypted.

    Args:
        offer: the whole of it.
        media: the part in question.
        settings: the operator's.
        key_of: gives our key for a suite, the same each time.
        fingerprint: of our certificate.
        previous: what was agreed before: who began a handshake stays the same.

    Raises:
        MediaRefused: it asks for encryption that can't be had, or for none where there must be.
    """
    insists = media.protocol.upper() not in ("RTP/AVP", "RTP/AVPF")
    if settings.srtp == "off":
        if insists:
            raise MediaRefused("encrypted media is not taken here")
        return Secured(Plain(), ())
    if "TLS" not in media.protocol.upper():
        for value in media.all("crypto"):
            if (parsed := parse_crypto(value)) is not None:
                tag, remote = parsed
                local = key_of(remote.suite)
                return Secured(Sdes(local, remote), (f"a=crypto:{crypto_value(tag, local)}",))
    fingerprints = tuple(offer.all_of(media, "fingerprint"))
    if fingerprints:
        return _handshake(offer, media, fingerprints, fingerprint, previous)
    if insists:
        raise MediaRefused("encrypted media without a key that can be used")
    if settings.srtp == "required":
        raise MediaRefused("only encrypted media is taken here")
    return Secured(Plain(), ())


def _handshake(
    offer: Description,
    media: MediaDescription,
    fingerprints: tuple[str, ...],
    own_fingerprint: str,
    previous: Security | None,
) -> Secured:
    setup = offer.of(media, "setup") or "actpass"
    if setup not in ("actpass", "active", "passive"):
        raise MediaRefused(f"a DTLS handshake that can't begin: setup {setup[:20]!r}")
    is_client = setup != "active"
    if isinstance(previous, Dtls) and setup == "actpass":
        is_client = previous.is_client
    lines = (
        f"a=fingerprint:{own_fingerprint}",
        f"a=setup:{'active' if is_client else 'passive'}",
    )
    return Secured(Dtls(fingerprints, is_client), lines)
