"""MCP servers written by hand, so that they can misbehave, and ways to connect to them."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from vivavoce.errors import ToolError
from vivavoce.interfaces.tools import ToolServer, ToolServerAddress
from vivavoce.tools.servers import open_tool_servers
from vivavoce.tools.settings import ToolsSettings

Answer = Callable[["RawServer", web.Request, object], Awaitable[web.StreamResponse]]

PATIENT = ToolsSettings(
    allow_private_addresses=("127.0.0.1",),
    allow_http=True,
    connect_timeout_s=5,
    list_timeout_s=5,
    call_timeout_s=5,
)
HASTY = msgspec.structs.replace(
    PATIENT, connect_timeout_s=0.3, list_timeout_s=0.3, call_timeout_s=0.3
)
SCHEMA = {"type": "object", "properties": {}}


@dataclass
class RawServer:
    """Answers each method as it is told to; `initialize` properly unless told otherwise."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    url: str = ""
    asked: list[str] = field(default_factory=list)
    """Method of each message, in order; `GET` and `DELETE` for such requests."""
    session_id: str = "one"
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a request is being kept waiting."""
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the client has taken a request back."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method != "POST":
            self.asked.append(request.method)
            if request.method in self.answers:
                return await self.answers[request.method](self, request, None)
            return web.Response(status=405)
        message = await request.json()
        method = message.get("method", "answer")
        self.asked.append(method)
        if method in self.answers:
            return await self.answers[method](self, request, message.get("id"))
        if method == "initialize":
            return initialized(self, message["id"])
        if method == "notifications/cancelled":
            self.cancelled.set()
        if method.startswith("notifications/"):
            return web.Response(status=202)
        return web.json_response(error(message["id"], -32601, "Method not found"))


def initialized(server: RawServer, request_id: object) -> web.Response:
    body = result(
        request_id,
        {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "raw", "version": "1"},
        },
    )
    return web.json_response(body, headers={"Mcp-Session-Id": server.session_id})


def result(request_id: object, value: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": request_id, "result": value}


def error(request_id: object, code: int, message: str) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}


def said(text: str) -> object:
    return {"content": [{"type": "text", "text": text}]}


def answers(value: object) -> Answer:
    """Answer properly, with this result."""

    async def answer(server: RawServer, request: web.Request, request_id: object) -> web.Response:
        return web.json_response(result(request_id, value))

    return answer


def responds(status: int, text: str = "", **headers: str) -> Answer:
    """Answer with this status, whatever is asked."""

    async def answer(server: RawServer, request: web.Request, request_id: object) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=text, headers=named)

    return answer


async def hangs(server: RawServer, request: web.Request, request_id: object) -> web.StreamResponse:
    server.waiting.set()
    await asyncio.Event().wait()
    raise AssertionError


def tools(*described: Mapping[str, object], cursor: str | None = None) -> object:
    listed: dict[str, object] = {"tools": list(described)}
    return listed if cursor is None else listed | {"nextCursor": cursor}


def tool(name: str, schema: object = SCHEMA) -> dict[str, object]:
    return {"name": name, "inputSchema": schema}


@asynccontextmanager
async def raw_server(
    tls: ssl.SSLContext | None = None, **by_method: Answer
) -> AsyncIterator[RawServer]:
    """Serve on a free loopback port; `tools_call=...` says how to answer `tools/call`."""
    server = RawServer({name.replace("_", "/", 1): by for name, by in by_method.items()})
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/mcp"
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def connected(
    url: str,
    settings: ToolsSettings = PATIENT,
    *,
    authorization: str | None = None,
    headers: Mapping[str, str] | None = None,
    addresses: Mapping[str, Sequence[str]] | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[ToolServer]:
    """Connect to a server as a session does; `addresses` are those of names."""

    async def look_up(host: str, port: int) -> Sequence[str]:
        if host not in (addresses or {}):
            raise OSError("unknown name")
        return (addresses or {})[host]

    async with open_tool_servers(settings, {}, {}, look_up=look_up, tls=tls) as servers:
        address = ToolServerAddress(
            label="raw", url=url, authorization=authorization, headers=headers or {}
        )
        servers.check(address)
        yield await servers.open(address, "sess_1")


def event(data: object, *, name: str = "message") -> bytes:
    """One event of an event stream."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


async def opened(request: web.Request, content_type: str) -> web.StreamResponse:
    """Begin an answer that goes on for as long as a test likes."""
    response = web.StreamResponse(headers={"Content-Type": content_type})
    await response.prepare(request)
    return response


async def failure_to_connect(url: str, settings: ToolsSettings = PATIENT) -> ToolError:
    try:
        async with connected(url, settings):
            raise AssertionError
    except* ToolError as group:
        leaf = group.exceptions[0]
    assert isinstance(leaf, ToolError)
    return leaf


def shown(failure: ToolError) -> tuple[str, int]:
    return failure.kind, failure.code
