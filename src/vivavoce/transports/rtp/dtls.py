"""The handshake in the media that agrees on keys (DTLS-SRTP, RFC 5763 and RFC 5764).

Datagrams in, datagrams out: no sockets, and no clock but OpenSSL's own timer for repetitions.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec import Struct
from OpenSSL import SSL

from vivavoce.transports.rtp.sdes import KEY_BYTES, SrtpKey, Suite

MAX_DATAGRAM_BYTES = 1_200
_LABEL = b"EXTRACTOR-dtls_srtp"
_KEY_BYTES: dict[bytes, tuple[Suite, int]] = {
    b"SRTP_AEAD_AES_256_GCM": ("AEAD_AES_256_GCM", 32),
    b"SRTP_AEAD_AES_128_GCM": ("AEAD_AES_128_GCM", 16),
    b"SRTP_AES128_CM_SHA1_80": ("AES_CM_128_HMAC_SHA1_80", 16),
}
"""By profile of RFC 5764 and RFC 7714: the suite, and how much of it is not salt."""
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha-256": hashes.SHA256(),
    "sha-384": hashes.SHA384(),
    "sha-512": hashes.SHA512(),
}
"""SHA-1 and older are forged too easily."""
_RECORD_HEADER_BYTES = 13
_VALID_FOR = timedelta(days=3650)


class Certificate(Struct, frozen=True):
    """Made by us for us: who we are is told by its fingerprint in the signalling."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """As in `a=fingerprint`."""
        return fingerprint_of(self.certificate, "sha-256")


def new_certificate() -> Certificate:
    """Return one that nobody else has."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vivavoce")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID_FOR)
        .sign(key, hashes.SHA256())
    )
    return Certificate(key, certificate)


def fingerprint_of(certificate: x509.Certificate, algorithm: str) -> str:
    """Return the fingerprint as in `a=fingerprint`."""
    return f"{algorithm} {certificate.fingerprint(_HASHES[algorithm]).hex(':').upper()}"


class Handshake:
    """One, with whoever shows a certificate of a known fingerprint."""

    def __init__(
        self, certificate: Certificate, fingerprints: tuple[str, ...], *, is_client: bool
    ) -> None:
        self.local: SrtpKey | None = None
        """What we encrypt with; None: not done yet."""
        self.remote: SrtpKey | None = None
        self.failure: str | None = None
        """Why there will be no keys."""
        self._fingerprints = {_normal(fingerprint) for fingerprint in fingerprints}
        self._is_client = is_client
        self._connection = SSL.Connection(_context(certificate), None)
        self._connection.set_ciphertext_mtu(MAX_DATAGRAM_BYTES)
        if is_client:
            self._connection.set_connect_state()
        else:
            self._connection.set_accept_state()

    def begin(self) -> list[bytes]:
        """Return the first datagrams; the side that waits has none."""
        return self._step()

    def receive(self, datagram: bytes) -> list[bytes]:
        """Take a datagram; return what is to be sent for it."""
        if self.failure is not None:
            return []
        try:
            self._connection.bio_write(datagram)
        except SSL.Error:
            return []
        return self._step()

    def repeat(self) -> list[bytes]:
        """Return what is to be sent again, if it is time; to be called every 20 ms."""
        if self.local is not None or self.failure is not None:
            return []
        timeout_s = self._connection.DTLSv1_get_timeout()
        if timeout_s is None or timeout_s > 0:
            return []
        try:
            self._connection.DTLSv1_handle_timeout()
        except SSL.Error:
            self.failure = "nobody answers the DTLS handshake"
        return list(self._datagrams())

    def _step(self) -> list[bytes]:
        try:
            if self.local is None:
                self._connection.do_handshake()
                self._finish()
            else:
                self._connection.recv(1)  # repeats what the other side has missed
        except SSL.WantReadError:
            pass
        except (SSL.ZeroReturnError, SSL.SysCallError):
            pass  # it closes the handshake's channel; the keys stay
        except SSL.Error as error:
            if self.local is None:
                self.failure = f"the DTLS handshake failed: {error}"
        return list(self._datagrams())

    def _finish(self) -> None:
        certificate = self._connection.get_peer_certificate(as_cryptography=True)
        if certificate is None or not any(
            _normal(fingerprint_of(certificate, algorithm)) in self._fingerprints
            for algorithm in _HASHES
        ):
            self.failure = "the certificate is not the one that was announced"
            return
        profile = self._connection.get_selected_srtp_profile()
        if profile not in _KEY_BYTES:
            self.failure = "no way to encrypt in common"
            return
        suite, n_key = _KEY_BYTES[profile]
        n_salt = KEY_BYTES[suite] - n_key
        material = self._connection.export_keying_material(_LABEL, 2 * (n_key + n_salt), None)
        keys = material[:n_key], material[n_key : 2 * n_key]
        salts = material[2 * n_key : 2 * n_key + n_salt], material[2 * n_key + n_salt :]
        client, server = (SrtpKey(suite, key + salt) for key, salt in zip(keys, salts, strict=True))
        self.local, self.remote = (client, server) if self._is_client else (server, client)

    def _datagrams(self) -> Iterator[bytes]:
        """Yield what OpenSSL wants to send: it gives all records in one, of any length."""
        waiting = b""
        while True:
            try:
                waiting += self._connection.bio_read(1 << 16)
            except SSL.Error:
                break
        datagram = b""
        while waiting:
            n_bytes = _RECORD_HEADER_BYTES + int.from_bytes(waiting[11:13])
            record, waiting = waiting[:n_bytes], waiting[n_bytes:]
            if datagram and len(datagram) + len(record) > MAX_DATAGRAM_BYTES:
                yield datagram
                datagram = b""
            datagram += record
        if datagram:
            yield datagram


def _normal(fingerprint: str) -> str:
    algorithm, _, value = fingerprint.strip().partition(" ")
    return f"{algorithm.lower()} {value.strip().upper()}"


def _context(certificate: Certificate) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_verify(
        SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True
    )  # who it is, is told by the fingerprint
    context.use_certificate(certificate.certificate)
    context.use_privatekey(certificate.key)
    context.set_tlsext_use_srtp(b":".join(_KEY_BYTES))
    return context
