"""Pairs of UDP ports for media: an even one for RTP, the next for RTCP (RFC 3550, section 11)."""

import socket

from vivavoce.errors import ConfigError, EngineError
from vivavoce.transports.rtp.settings import RtpSettings


class PortPairs:
    """One for the process: takes the range in turns, so that late packets find nobody."""

    def __init__(self, settings: RtpSettings) -> None:
        """Check the range.

        Raises:
            ConfigError: no pair of ports lies in it.
        """
        first = settings.first_port + settings.first_port % 2
        self._ports = range(first, settings.last_port, 2)
        self._next = 0
        if not self._ports:
            raise ConfigError("no pair of ports from rtp.first_port on", path="rtp.last_port")

    def open(self, host: str) -> tuple[socket.socket, socket.socket]:
        """Return two sockets bound to an address of ours.

        Raises:
            EngineError: all are taken.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for _ in range(len(self._ports)):
            port = self._ports[self._next]
            self._next = (self._next + 1) % len(self._ports)
            rtp = socket.socket(family, socket.SOCK_DGRAM)
            rtcp = socket.socket(family, socket.SOCK_DGRAM)
            try:
                rtp.bind((host, port))
                rtcp.bind((host, port + 1))
            except OSError:
                rtp.close()
                rtcp.close()
                continue
            rtp.setblocking(False)
            rtcp.setblocking(False)
            return rtp, rtcp
        raise EngineError("no media port is free", code="media_unavailable")


def address_towards(host: str, otherwise: str) -> str:
    """Return the address of ours that leads to a host; nothing is sent."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
        except OSError:
            return otherwise
        address: str = probe.getsockname()[0]
        return address
