"""Which network addresses sessions may reach through us: public ones, and those allowed by name.

A client chooses the address of its MCP server, but we are the ones who connect: without this rule
it could reach whatever we can, such as a cloud's metadata or a neighbour behind the firewall.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from vivavoce.errors import ConfigError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NAT64 = ip_network("64:ff9b::/96")
IPV4_COMPATIBLE = ip_network("::/96")
EMBEDDING = (NAT64, IPV4_COMPATIBLE)
"""Networks whose addresses end in an IPv4 address, which is where the traffic arrives."""
NEVER_PUBLIC = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598)
        "192.0.0.0/24",  # protocol assignments (RFC 6890)
        "198.18.0.0/15",  # benchmarks (RFC 2544)
        "192.88.99.0/24",  # relays of 6to4, long gone (RFC 7526)
        "fec0::/10",  # site-local, deprecated (RFC 3879)
        "64:ff9b:1::/48",  # local NAT64 (RFC 8215)
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation (RFC 9637)
        "5f00::/16",  # segment routing (RFC 9602)
    )
)
"""Said again because the standard library's idea of "global" changed between its releases."""


@dataclass(frozen=True)
class NetworkPolicy:
    """What may be reached besides public addresses."""

    hosts: frozenset[str] = frozenset()
    """Names, in lower case, whatever they resolve to."""
    networks: tuple[Network, ...] = ()
    allows_http: bool = False
    """Without encryption."""

    def allows_host(self, host: str) -> bool:
        """Say whether the operator named this host."""
        return host.lower().rstrip(".") in self.hosts

    def allows_address(self, address: Address) -> bool:
        """Say whether an address is public, or the operator allowed it."""
        inner = _embedded(address)
        if any(_contains(network, address) for network in self.networks):
            return True
        if inner is not None:
            return self.allows_address(inner)
        return _is_public(address)


def make_policy(allowed: Iterable[str], *, allows_http: bool) -> NetworkPolicy:
    """Read a list of hosts, addresses and networks.

    Raises:
        ConfigError: an entry is empty, or an upside-down network such as `10.0.0.1/8`.
    """
    hosts, networks = set(), []
    for entry in allowed:
        text = entry.strip().strip("[]")
        try:
            networks.append(ip_network(text))
        except ValueError:
            if not text or "/" in text:
                raise ConfigError(
                    f"'{entry}' is no host, address or network",
                    path="tools.allow_private_addresses",
                ) from None
            hosts.add(text.lower().rstrip("."))
    return NetworkPolicy(frozenset(hosts), tuple(networks), allows_http)


def literal_address(host: str) -> Address | None:
    """Return the address that a host of a URL is, if it is no name."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _is_public(address: Address) -> bool:
    if any(_contains(network, address) for network in NEVER_PUBLIC):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one stands for."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in EMBEDDING) and int(address) > 1:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _contains(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network
