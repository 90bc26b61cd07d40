"""A server that answers every request with bytes a test wrote, to the letter."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"


def whole(status: str, body: bytes, content_type: bytes = b"application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type.decode()}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def chunked(content_type: bytes, *pieces: bytes, ends: bool = True) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return HEAD % content_type + body + (b"0\r\n\r\n" if ends else b"")


def events(*data: str, ends: bool = True) -> bytes:
    pieces = [f"data: {each}\n\n".encode() for each in data]
    return chunked(b"text/event-stream", *pieces, ends=ends)


@asynccontextmanager
async def answering(answer: bytes, *, then_closes: bool = True) -> AsyncGenerator[str, None]:
    """Yield the base URL; after its answer the server closes the connection, or says no more."""
    is_over = asyncio.Event()
    attending: set[asyncio.Task[None] | None] = set()

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        attending.add(asyncio.current_task())
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.split(b":")[1]))
        writer.write(answer)
        await writer.drain()
        if not then_closes:
            await is_over.wait()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(attend, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        is_over.set()
        server.close()
        await server.wait_closed()
        await asyncio.gather(*(task for task in attending if task))
