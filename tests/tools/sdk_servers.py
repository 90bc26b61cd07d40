"""MCP servers made with the official SDK, served on a loopback port."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from mcp.server.mcpserver import Image, MCPServer
from mcp.types import EmbeddedResource, TextResourceContents, ToolAnnotations

TOKEN = "sesame"

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Any]


@dataclass
class SdkServer:
    """One that is being served."""

    url: str
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of each request it got."""


def weather_server(n_more_tools: int = 0) -> MCPServer:
    server = MCPServer("weather")

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def weather(city: str) -> str:
        """The weather in a city."""
        return f"It is sunny in {city}."

    @server.tool()
    def fail(reason: str) -> str:
        raise ValueError(reason)

    @server.tool(structured_output=True)
    def measure() -> dict[str, float]:
        return {"celsius": 21.5}

    @server.tool(structured_output=False)
    def picture() -> list[Any]:
        return ["see:", Image(data=b"\x89PNG" * 30, format="png")]

    @server.tool(structured_output=False)
    def document() -> EmbeddedResource:
        text = TextResourceContents(uri="memo://1", text="the memo's words")
        return EmbeddedResource(type="resource", resource=text)

    @server.tool()
    async def wait_long() -> str:
        await asyncio.sleep(600)
        return "done"

    @server.tool()
    def much(n: int) -> str:
        return "x" * n

    for i in range(n_more_tools):
        server.add_tool(weather, name=f"weather_{i}", description=f"Weather, number {i}.")
    return server


@asynccontextmanager
async def serving(app: App, path: str, *, token: str | None = None) -> AsyncIterator[SdkServer]:
    """Serve an ASGI application on a free loopback port; with a token, to those who show it."""
    served = SdkServer("")

    async def guarded(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            served.headers.append(headers)
            if token is not None and headers.get("authorization") != f"Bearer {token}":
                await send({"type": "http.response.start", "status": 401, "headers": []})
                await send({"type": "http.response.body", "body": b"no"})
                return
        await app(scope, receive, send)

    config = uvicorn.Config(
        guarded, port=0, log_level="critical", timeout_graceful_shutdown=1, ws="none"
    )
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_serve(server))
        while not server.started:  # noqa: ASYNC110 - it has no event for it
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        served.url = f"http://127.0.0.1:{port}{path}"
        try:
            yield served
        finally:
            server.should_exit = server.force_exit = True
            await task


async def _serve(server: uvicorn.Server) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await server._serve()  # `serve` takes the signals of the whole process
