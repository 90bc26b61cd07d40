"""Encryption of packets (RFC 3711, RFC 7714) with keys that are known."""

from typing import Final

import pylibsrtp

from vivavoce.transports.rtp.sdes import SrtpKey

_PROFILES: Final = {
    "AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}


class SrtpOut:
    """Encrypts what one side sends."""

    def __init__(self, key: SrtpKey) -> None:
        self.key = key
        self._session = _session(key, pylibsrtp.Policy.SSRC_ANY_OUTBOUND)

    def protect(self, data: bytes) -> bytes:
        """Return an RTP packet encrypted."""
        return self._session.protect(data)

    def protect_rtcp(self, data: bytes) -> bytes:
        """Return a compound RTCP packet encrypted."""
        return self._session.protect_rtcp(data)


class SrtpIn:
    """Decrypts what the other side sends; what is forged, damaged or came before gives None."""

    def __init__(self, key: SrtpKey) -> None:
        self.key = key
        self._session = _session(key, pylibsrtp.Policy.SSRC_ANY_INBOUND)

    def unprotect(self, data: bytes) -> bytes | None:
        """Return the RTP packet."""
        try:
            return self._session.unprotect(data)
        except (pylibsrtp.Error, ValueError):  # ValueError: longer than any packet
            return None

    def unprotect_rtcp(self, data: bytes) -> bytes | None:
        """Return the compound RTCP packet."""
        try:
            return self._session.unprotect_rtcp(data)
        except (pylibsrtp.Error, ValueError):
            return None


def _session(key: SrtpKey, direction: int) -> pylibsrtp.Session:
    policy = pylibsrtp.Policy(key=key.key, ssrc_type=direction, srtp_profile=_PROFILES[key.suite])
    return pylibsrtp.Session(policy)
