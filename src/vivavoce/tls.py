"""Certificates for `wss:`; openai-node speaks nothing else."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vivavoce.errors import ConfigError

VALID_FOR = timedelta(days=30)
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return the context of a server with this certificate.

    Raises:
        ConfigError: a file can't be read, or the two don't match.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"can't use {certificate} with {key}: {error}", path="server") from error
    return context


def self_signed(folder: Path, host: str) -> tuple[Path, Path]:
    """Make a certificate for loopback and `host`; return the paths of certificate and key.

    Raises:
        ConfigError: the folder can't be written.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, [*LOOPBACK, host])
    paths = folder / "self-signed.pem", folder / "self-signed.key"
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].touch(mode=0o600)
        paths[1].write_bytes(secret)
    except OSError as error:
        raise ConfigError(f"can't write to {folder}: {error.strerror}") from error
    return paths


def _certificate(key: ec.EllipticCurvePrivateKey, hosts: list[str]) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "vivavoce self-signed")])
    now = datetime.now(UTC)
    alternatives = x509.SubjectAlternativeName(
        [_general_name(host) for host in dict.fromkeys(hosts)]
    )
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(alternatives, critical=False)
        .add_extension(usage, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
