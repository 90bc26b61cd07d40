"""Where messages go: next hops out of URIs, and networks whose callers are let in."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from aiosipua.headers import SipUri, parse_uri
from aiosipua.utils import bracket_ipv6

from vivavoce.errors import ConfigError
from vivavoce.transports.sip.messages import LAST_PORT
from vivavoce.transports.sip.settings import TransportName

DEFAULT_PORTS: dict[TransportName, int] = {"udp": 5060, "tcp": 5060, "tls": 5061}

_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}", re.ASCII)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class UnknownAddress(Exception):  # noqa: N818 - becomes a status or a ConfigError
    """A URI or host that nothing can be sent to."""


@dataclass(frozen=True, slots=True)
class Hop:
    """Where to send a message next; `host` may be a name."""

    transport: TransportName
    host: str
    port: int


def hop_of(uri: str) -> Hop:
    """Return the hop that a SIP URI names (RFC 3263, without SRV records).

    Raises:
        UnknownAddress: the URI is none of SIP, or names an unknown transport.
    """
    if not uri.lower().startswith(("sip:", "sips:")):
        raise UnknownAddress(f"not a SIP address: {uri}")
    parsed = parse_uri(uri)
    secure = parsed.scheme == "sips"
    transport = (parsed.params.get("transport") or ("tls" if secure else "udp")).lower()
    if transport not in DEFAULT_PORTS:
        raise UnknownAddress(f"unknown transport: {transport}")
    if secure and transport == "tcp":
        transport = "tls"  # RFC 3261, section 26.2.2
    return _hop(parsed, cast(TransportName, transport))


def networks_of(sources: Sequence[str]) -> tuple[Network, ...]:
    """Read the networks.

    Raises:
        ConfigError: one of them is none.
    """
    networks = []
    for source in sources:
        try:
            networks.append(ipaddress.ip_network(source, strict=False))
        except ValueError as error:
            raise ConfigError(f"not a network: {source}", path="sip.allowed_sources") from error
    return tuple(networks)


def is_within(host: str, networks: Sequence[Network]) -> bool:
    """Say whether an address lies in one of the networks; an IPv4 one mapped into IPv6 counts."""
    address = address_of(host)
    return address is not None and any(address in network for network in networks)


def address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address a host is written as; None for a name."""
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_behind_translation(host: str, source: str) -> bool:
    """Say whether a peer names an address that cannot be the way to it: then its source is."""
    named, seen = address_of(host), address_of(source)
    return named is not None and named != seen and not named.is_global


def host_port(host: str, port: int) -> str:
    """Write both for a URI or a Via."""
    return f"{bracket_ipv6(host)}:{port}"


def _hop(parsed: SipUri, transport: TransportName) -> Hop:
    host = parsed.host.strip("[]")
    port = DEFAULT_PORTS[transport] if parsed.port is None else parsed.port
    is_name = bool(_NAME.fullmatch(host))
    if not (is_name or address_of(host)) or not 0 < port <= LAST_PORT:
        raise UnknownAddress("no usable host and port")
    return Hop(transport, host, port)
