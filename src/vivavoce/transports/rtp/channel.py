"""What passes between two addresses, encrypted or not: bytes of packets in, bytes out."""

from collections.abc import Callable

from vivavoce.transports.rtp.dtls import Certificate, Handshake
from vivavoce.transports.rtp.latch import Address
from vivavoce.transports.rtp.sdes import SrtpKey
from vivavoce.transports.rtp.security import Dtls, Plain, Sdes, Security
from vivavoce.transports.rtp.srtp import SrtpIn, SrtpOut


class SecureChannel:
    """Belongs to one call; keeps its ciphers as long as the keys stay the same."""

    def __init__(self, certificate: Certificate, send: Callable[[bytes, Address], None]) -> None:
        self._certificate = certificate
        self._send = send
        self._security: Security | None = None
        self._out: SrtpOut | None = None
        self._in: SrtpIn | None = None
        self._handshake: Handshake | None = None
        self._address: Address | None = None

    @property
    def is_encrypted(self) -> bool:
        """Whether what comes in was certainly sent by the other side."""
        return not isinstance(self._security, Plain)

    @property
    def is_ready(self) -> bool:
        """Whether something can be sent."""
        return self._security is not None and (not self.is_encrypted or self._out is not None)

    @property
    def failure(self) -> str | None:
        """Why there will never be keys; None: there are, or may be."""
        return None if self._handshake is None else self._handshake.failure

    def secure(self, security: Security, address: Address) -> None:
        """Pass what comes from now on like this; `address` is where a handshake is sent to."""
        self._address = address
        before, self._security = self._security, security
        if security == before:
            return
        self._handshake = None
        match security:
            case Plain():
                self._out = self._in = None
            case Sdes(local, remote):
                self._use(local, remote)
            case Dtls(fingerprints, is_client):
                self._out = self._in = None
                self._handshake = Handshake(self._certificate, fingerprints, is_client=is_client)
                self._send_all(self._handshake.begin())

    def protect(self, data: bytes) -> bytes:
        """Return an RTP packet as it is to be sent."""
        return data if self._out is None else self._out.protect(data)

    def protect_rtcp(self, data: bytes) -> bytes:
        """Return a compound RTCP packet as it is to be sent."""
        return data if self._out is None else self._out.protect_rtcp(data)

    def unprotect(self, data: bytes) -> bytes | None:
        """Return an RTP packet; None: it is not to be believed."""
        if not self.is_encrypted:
            return data
        return None if self._in is None else self._in.unprotect(data)

    def unprotect_rtcp(self, data: bytes) -> bytes | None:
        """Return a compound RTCP packet; None: it is not to be believed."""
        if not self.is_encrypted:
            return data
        return None if self._in is None else self._in.unprotect_rtcp(data)

    def shake_hands(self, datagram: bytes, source: Address) -> None:
        """Take a datagram of the handshake."""
        if self._handshake is None:
            return
        self._address = source
        self._send_all(self._handshake.receive(datagram))
        local, remote = self._handshake.local, self._handshake.remote
        if local is not None and remote is not None:
            self._use(local, remote)

    def tick(self) -> None:
        """Repeat what was lost of the handshake; to be called every 20 ms."""
        if self._handshake is not None:
            self._send_all(self._handshake.repeat())

    def _use(self, local: SrtpKey, remote: SrtpKey) -> None:
        # A cipher that is thrown away forgets how often the sequence wrapped: keep what stays.
        if self._out is None or self._out.key != local:
            self._out = SrtpOut(local)
        if self._in is None or self._in.key != remote:
            self._in = SrtpIn(remote)

    def _send_all(self, datagrams: list[bytes]) -> None:
        if self._address is not None:
            for datagram in datagrams:
                self._send(datagram, self._address)
