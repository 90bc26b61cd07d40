"""Looks names of hosts up, as the system does."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks a host and port up; returns IP addresses as text, best first. Raises OSError."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Look a name up in a thread, for the system's way blocks.

    Raises:
        OSError: there is no such name, or nobody to ask.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
