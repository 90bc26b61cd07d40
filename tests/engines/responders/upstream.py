"""Realtime services to ask: this server with scripted engines, and one that a test plays."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import msgspec
from aiohttp import web

from tests.api.server import Served, served
from vivavoce.testing.scripted import Script, engines_of

Event = dict[str, object]
KEY = "sk-upstream-secret"
SCRIPT = msgspec.convert(
    {
        "delays": {"first_token_ms": 2, "token_ms": 1},
        "turns": [
            {"when": "France", "answer": "It is Paris, I think."},
            {"when": "Japan", "answer": "It is Tokyo, I think."},
            {"when": "weather", "calls": [{"name": "look", "arguments": {"at": "sky"}}]},
            {"when": "sunny", "answer": "The sun shines."},
            {"when": "story", "answer": "Once upon a time. " * 40, "delays": {"token_ms": 20}},
            {"when": "fail", "answer": "Well, then.", "fail_after_s": 0.05},
            {"when": "drop", "answer": "Well, " * 20, "drop_connection_after_s": 0.1},
        ],
    },
    Script,
)


@asynccontextmanager
async def scripted_upstream(
    script: Script = SCRIPT, *, keys: tuple[str, ...] = (KEY,)
) -> AsyncGenerator[Served, None]:
    """Serve this very server, on a real port."""
    async with served(is_ready=False, keys=keys) as upstream:
        upstream.gateway.engines = engines_of(script)
        yield upstream


class Talk:
    """One connection, as a service sees it that a test plays."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self.received: list[Event] = []

    async def wait_for(self, kind: str) -> Event:
        """Return the next event of a type."""
        async for message in self._socket:
            event: Event = msgspec.json.decode(message.data)
            self.received.append(event)
            if event["type"] == kind:
                return event
        raise ConnectionError("the client is gone")

    async def send(self, event: Event) -> None:
        await self._socket.send_str(msgspec.json.encode(event).decode())

    async def send_text(self, text: str) -> None:
        await self._socket.send_str(text)


Play = Callable[[Talk], Awaitable[None]]


@asynccontextmanager
async def played_upstream(play: Play) -> AsyncGenerator[str, None]:
    """Serve connections that `play` holds; yield the base URL."""

    async def hold(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        with suppress(ConnectionError):
            await play(Talk(socket))
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/v1/realtime", hold)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()
