"""Connects only where the policy allows, decided for the very address that is connected to.

A name is looked up once, each of its addresses is checked, and the connection goes to a checked
address, not to the name: an answer of the name server that changes in between changes nothing.

Imports the HTTP library of the MCP client: itself to be imported when used.
"""

import asyncio
import logging
from collections.abc import Iterable

from httpcore2 import (
    AnyIOBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
)

from vivavoce.tools.name_lookup import Resolve
from vivavoce.tools.network_policy import Address, NetworkPolicy, literal_address

LOG = logging.getLogger(__name__)

MAX_ADDRESSES = 4
"""Tried of one name, one after the other."""
SocketOption = (
    tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
)


class AddressRefused(Exception):  # noqa: N818 - says what happened
    """A host leads only to addresses that sessions may not reach."""


class GuardedNetwork(AsyncNetworkBackend):
    """Opens the connections of an MCP client."""

    def __init__(self, policy: NetworkPolicy, look_up: Resolve) -> None:
        self._policy = policy
        self._resolve = look_up
        self._plain = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first allowed address of a host that answers.

        Raises:
            AddressRefused: none of its addresses is allowed.
            ConnectError: there is no such host, or none of them answers.
            ConnectTimeout: not within `timeout` seconds, all together.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._connect(host, port, local_address, socket_options)
        except TimeoutError:
            raise ConnectTimeout("no connection in time") from None

    async def _connect(
        self,
        host: str,
        port: int,
        local_address: str | None,
        socket_options: Iterable[SocketOption] | None,
    ) -> AsyncNetworkStream:
        addresses = await self._allowed(host, port)
        failure: Exception = ConnectError("no address")
        for address in addresses[:MAX_ADDRESSES]:
            try:
                stream = await self._plain.connect_tcp(
                    str(address), port, None, local_address, socket_options
                )
            except ConnectError as error:
                failure = error
                continue
            if self._policy.allows_host(host) or not _leads_to_ourselves(stream, self._policy):
                return stream
            await stream.aclose()
            failure = AddressRefused(host)
        raise failure

    async def _allowed(self, host: str, port: int) -> list[Address]:
        literal = literal_address(host)
        try:
            texts = [str(literal)] if literal else await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise ConnectError(f"there is no host '{host}'") from error
        found = [address for text in texts if (address := literal_address(text)) is not None]
        if self._policy.allows_host(host):
            return found
        allowed = [address for address in found if self._policy.allows_address(address)]
        if found and not allowed:
            shown = ", ".join(map(str, found[:MAX_ADDRESSES]))
            LOG.warning("a session may not reach %s: %s", host, shown)
            raise AddressRefused(host)
        return allowed


def _leads_to_ourselves(stream: AsyncNetworkStream, policy: NetworkPolicy) -> bool:
    """Say whether the other end has our own address, a public one, without being allowed to.

    A firewall would keep strangers from what listens there, but not us.
    """
    peer, ours = stream.get_extra_info("server_addr"), stream.get_extra_info("client_addr")
    if peer is None or ours is None or peer[0] != ours[0]:
        return False
    address = literal_address(peer[0])
    return address is None or not any(
        network.version == address.version and address in network for network in policy.networks
    )
