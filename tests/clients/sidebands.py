"""A control connection that wants to know everything, `?extensions=1`."""

import asyncio
from typing import Any

import aiohttp

PATIENCE_S = 15


class Sideband:
    """Sends and awaits events of one session."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send(self, kind: str, **members: object) -> None:
        """Send an event."""
        await self._socket.send_json({"type": kind, **members})

    async def say(self, text: str) -> None:
        """Write what the user says, and ask for the answer."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        await self.send("conversation.item.create", item=item)
        await self.send("response.create")

    async def received(self, kind: str) -> dict[str, Any]:
        """Return the next event of a kind; an `error` fails."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event: dict[str, Any] = await self._socket.receive_json()
                if event["type"] == kind:
                    return event
                assert event["type"] != "error", event

    async def closed(self) -> None:
        """Wait for the end of the session."""
        async with asyncio.timeout(PATIENCE_S):
            async for _ in self._socket:
                pass
