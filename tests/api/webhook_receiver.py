"""A webhook endpoint on a real port, as an application has one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Receiver:
    """Keeps what it gets; answers with the statuses it is given, then with 204."""

    statuses: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    url: str = ""
    has_news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        self.bodies.append(await request.read())
        status = self.statuses.pop(0) if self.statuses else 204
        async with self.has_news:
            self.has_news.notify_all()
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async def received(self, n: int) -> None:
        """Wait until so many requests came."""
        async with self.has_news, asyncio.timeout(10):
            await self.has_news.wait_for(lambda: len(self.bodies) >= n)


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncIterator[Receiver]:
    """Receive webhooks until the block is left."""
    receiver = Receiver(list(statuses))
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = "http://{}:{}/hook".format(*runner.addresses[0][:2])
    try:
        yield receiver
    finally:
        await runner.cleanup()
