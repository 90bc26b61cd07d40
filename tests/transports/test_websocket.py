"""What arrives and leaves over a real WebSocket, the unpleasant things first."""

import asyncio
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
import pybase64
import pytest

from tests.api.server import Served, served
from tests.runtime.fakes import Fakes, hanging, until
from vivavoce.interfaces import AudioDelta, ResponseEvent, ResponseRequest, Stream
from vivavoce.media.pcm import silence
from vivavoce.runtime.settings import RunnerSettings

MIB = 1024 * 1024
CLEAR: dict[str, object] = {"type": "input_audio_buffer.clear"}
CLEARED = "input_audio_buffer.cleared"


def append(n_bytes: int) -> dict[str, object]:
    audio = pybase64.b64encode(bytes(n_bytes)).decode()
    return {"type": "input_audio_buffer.append", "audio": audio}


@pytest.fixture
async def server() -> AsyncIterator[Served]:
    async with asyncio.timeout(60), served() as server:
        yield server


# --- what arrives -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "invalid_json"),
        ("[]", "invalid_event"),
        ("{}", "invalid_event"),
        ('{"type": "no.such.event"}', "invalid_value"),
    ],
)
async def test_a_bad_text_is_an_error_and_the_session_goes_on(
    server: Served, text: str, code: str
) -> None:
    async with server.socket() as socket:
        await socket.connection.send_str(text)
        error = await socket.received("error")
        await socket.send(CLEAR)
        await socket.received(CLEARED)

    assert error["error"]["code"] == code  # type: ignore[index]  # JSON


async def test_a_binary_frame_is_an_error_and_the_session_goes_on(server: Served) -> None:
    async with server.socket() as socket:
        await socket.connection.send_bytes(b"\x00\x01")
        error = await socket.received("error")
        await socket.send(CLEAR)
        await socket.received(CLEARED)

    assert error["error"]["code"] == "invalid_event"  # type: ignore[index]  # JSON


async def test_too_much_audio_at_once_is_an_error_and_the_session_goes_on(server: Served) -> None:
    async with server.socket() as socket:
        await socket.send(append(16 * MIB))
        error = await socket.received("error")
        await socket.send(CLEAR)
        await socket.received(CLEARED)

    assert error["error"]["code"] == "invalid_value"  # type: ignore[index]  # JSON
    assert error["error"]["param"] == "audio"  # type: ignore[index]  # JSON


async def test_the_largest_append_is_heard_whole(server: Served) -> None:
    async with server.socket() as socket:
        await socket.send(append(15 * MIB))
        await socket.send({"type": "input_audio_buffer.commit"})
        await socket.received("input_audio_buffer.committed")


async def test_a_frame_that_is_too_large_ends_the_connection(server: Served) -> None:
    async with server.socket() as socket:
        with suppress(ConnectionError):
            await socket.send(append(19 * MIB))
        code, _ = await socket.closed()

    assert code == 1009


async def test_ten_thousand_small_events_are_answered_in_order(server: Served) -> None:
    async with server.socket() as socket:
        await socket.receive()

        async def send() -> None:
            for number in range(10_000):
                await socket.send(
                    {"type": "conversation.item.delete", "item_id": "x", "event_id": f"e{number}"}
                )

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(send())
            answers = [await socket.receive() for _ in range(10_000)]

    ids = [answer["error"]["event_id"] for answer in answers]  # type: ignore[index]  # JSON
    assert ids == [f"e{number}" for number in range(10_000)]


# --- pings ------------------------------------------------------------------------------------


async def test_pings_are_answered_while_a_large_append_is_heard_and_an_engine_works() -> None:
    fakes = Fakes()
    fakes.responder.script = hanging
    async with (
        asyncio.timeout(60),
        served(fakes=fakes) as server,
        server.socket(autoping=False) as socket,
    ):
        await socket.send({"type": "response.create"})
        await socket.send(append(15 * MIB))
        await socket.connection.ping(b"are you there")
        while (message := await socket.connection.receive()).type is aiohttp.WSMsgType.TEXT:
            pass

    assert message.type is aiohttp.WSMsgType.PONG
    assert message.data == b"are you there"
    assert fakes.responder.n_closed == 1


async def test_pings_are_answered_while_the_client_floods_the_inbox(server: Served) -> None:
    async with server.socket(autoping=False) as socket:
        for _ in range(20):
            await socket.send(append(MIB))
        await socket.connection.ping()
        while (message := await socket.connection.receive()).type is aiohttp.WSMsgType.TEXT:
            pass

    assert message.type is aiohttp.WSMsgType.PONG


# --- clients that do not read, or leave --------------------------------------------------------


async def test_a_client_that_stops_reading_costs_little_and_is_let_go() -> None:
    n_deltas = 0

    async def endless(request: ResponseRequest) -> Stream[ResponseEvent]:
        nonlocal n_deltas
        while True:
            n_deltas += 1
            yield AudioDelta(silence(200).data)

    fakes = Fakes()
    fakes.responder.script = endless
    settings = RunnerSettings(client_stall_s=0.3)
    async with (
        asyncio.timeout(60),
        served(fakes=fakes, settings=settings) as server,
        server.socket() as other,
    ):
        _, writer = await _raw_session(server)
        writer.write(_text_frame(b'{"type":"response.create"}'))
        await until(lambda: fakes.responder.n_started)
        await other.send(CLEAR)
        await other.received(CLEARED)
        await until(lambda: fakes.responder.n_closed)
        await other.send(CLEAR)
        await other.received(CLEARED)
        writer.close()

    kernel_bytes = 8 * MIB
    assert n_deltas * len(silence(200).data) * 4 / 3 < kernel_bytes + MIB


async def test_a_client_that_vanishes_in_mid_answer_ends_the_engine() -> None:
    fakes = Fakes()
    fakes.responder.script = hanging
    async with asyncio.timeout(60), served(fakes=fakes) as server:
        _, writer = await _raw_session(server)
        writer.write(_text_frame(b'{"type":"response.create"}'))
        await until(lambda: fakes.responder.n_started)
        writer.transport.abort()
        await until(lambda: fakes.responder.n_closed)
        await until(lambda: len(server.gateway.directory) == 0)


async def _raw_session(server: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a WebSocket by hand: a client library would read ahead, or say goodbye."""
    host, port = server.url.removeprefix("http://").split(":")
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=raw, limit=1024)
    writer.write(
        b"GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    assert b"101" in await reader.readline()
    return reader, writer


def _text_frame(text: bytes) -> bytes:
    """A masked frame with the mask of zeros; for texts shorter than 126 bytes."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text
