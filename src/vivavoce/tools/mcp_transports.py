"""The transports of an MCP connection over HTTP, as the SDK has them, on our guarded network.

Imports the MCP library: itself to be imported when used.
"""

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from vivavoce.tools.guarded_network import GuardedNetwork
from vivavoce.tools.mcp_connection import OnLost, OpenTransport, Streams
from vivavoce.tools.mcp_http import MAX_ANSWER_BYTES, GuardedTransport

UNPACKED = {"Accept-Encoding": "identity"}
"""A packed answer may unpack to a thousand times its length."""
OLDER_TRANSPORT_STATUS = (400, 404, 405)
"""To a first POST: the server may know only the older transport. Source: MCP specification,
"Transports", "Backwards compatibility"."""


@dataclass(frozen=True)
class HttpPlace:
    """Where an MCP server is, and how it is asked."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    network: GuardedNetwork
    tls: ssl.SSLContext
    timeout_s: float
    """Of a connection and of what is sent; who asks bounds the wait for answers."""


def streamable_http(place: HttpPlace) -> OpenTransport:
    """Return the opener of the present transport: each answer comes on its own POST."""

    @asynccontextmanager
    async def open_streams(on_lost: OnLost) -> AsyncGenerator[Streams, None]:
        async with (
            _http_client(place, dict(place.headers), streams=False, on_lost=on_lost) as client,
            streamable_http_client(
                place.url, http_client=client, max_sse_event_size=MAX_ANSWER_BYTES
            ) as streams,
        ):
            yield streams

    return open_streams


def http_with_sse(place: HttpPlace) -> OpenTransport:
    """Return the opener of the older transport: all answers come on one stream."""

    def open_streams(on_lost: OnLost) -> AbstractAsyncContextManager[Streams]:
        def make_client(
            headers: dict[str, str] | None = None,
            timeout: httpx2.Timeout | None = None,
            auth: httpx2.Auth | None = None,
        ) -> httpx2.AsyncClient:
            return _http_client(place, headers or {}, streams=True, on_lost=on_lost)

        return sse_client(place.url, dict(place.headers), httpx_client_factory=make_client)

    return open_streams


def _http_client(
    place: HttpPlace, headers: dict[str, str], *, streams: bool, on_lost: OnLost
) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        headers={**headers, **UNPACKED},
        timeout=httpx2.Timeout(place.timeout_s, read=None),
        transport=GuardedTransport(
            place.network, place.tls, streams=streams, on_stream_end=on_lost
        ),
        trust_env=False,
    )
