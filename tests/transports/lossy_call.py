"""A call through a bad network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from tests.rtc_client import Caller, accept, new_caller, offer_of
from tests.transports.lossy_relay import LossyRelay, lossy_relay

CONNECT_TIMEOUT_S = 20
LOOPBACK = {"WRTC_ALLOW_LOOPBACK": "1"}
"""Environment of a server that may be called from its own machine alone."""


@asynccontextmanager
async def lossy_call(
    http: aiohttp.ClientSession, url: str, seed: int, *, lost: float = 0.0
) -> AsyncIterator[tuple[Caller, LossyRelay]]:
    """Call a server through a relay; its data channel is open when the block begins.

    Args:
        http: for the offer, which takes the good way.
        url: base URL of the server.
        seed: of what is lost.
        lost: share of the datagrams, from the first one on.
    """
    caller = new_caller()
    with lossy_relay(seed, lost=lost) as relay:
        try:
            offer, headers = await offer_of(caller), {"Content-Type": "application/sdp"}
            path = f"{url}/realtime/calls?model=gpt-realtime&extensions=1"
            async with http.post(path, data=offer, headers=headers) as response:
                answer = await response.text()
                assert response.status == 201, answer
            await accept(caller, relay.in_between(answer))
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(caller.run())
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await caller.is_open.wait()
                yield caller, relay
                running.cancel()
        finally:
            caller.connection.close()
