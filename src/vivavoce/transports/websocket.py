"""One WebSocket: text frames to events and back (10-transports-auth, section 3)."""

import asyncio
from collections.abc import Callable, Sequence

from aiohttp import WebSocketError, WSMsgType, web

from vivavoce.errors import ProtocolError, TransportClosed
from vivavoce.interfaces import MalformedEvent
from vivavoce.protocol.client_events import ClientEvent, TranslationClientEvent
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.transports.dialects.ga import GaCodec

MAX_FRAME_BYTES = 24 * 1024 * 1024
"""15 MiB of audio are 20 MiB of base64, and an event is more than its audio."""
DECODE_IN_THREAD_BYTES = 1024 * 1024
"""Longer texts would hold up the loop for more than a millisecond."""
WRITE_AHEAD_BYTES = 16 * 1024
"""Sent before it is looked whether the client keeps up (64 KiB may wait in the loop)."""
CLOSE_S = 5.0
"""For the peer to take what is still unsent and to say goodbye."""
NO_CLOSE_FRAME = 1006
GOODBYES = (0, 1000)
"""Who leaves on purpose sends 1000, or a close frame without a code, which aiohttp shows as 0."""
MAX_REASON_BYTES = 123  # RFC 6455, section 5.5
SUBPROTOCOL = "realtime"

Decode = Callable[[bytes], ClientEvent | TranslationClientEvent]
"""Reads one event; raises `ProtocolError` for what is none."""
Encode = Callable[[ServerEvent], Sequence[bytes]]
"""Writes one event: as one text, or as none or several in another dialect."""
_GA = GaCodec()


async def open_websocket(
    request: web.Request,
    *,
    heartbeat_s: float | None = None,
    decode: Decode = _GA.decode,
    encode: Encode = _GA.encode,
) -> "WebSocketTransport":
    """Answer the upgrade and return the transport.

    The subprotocol `realtime` is chosen when it is offered; no other ever is, so a key that was
    offered as one is not echoed. Nothing is compressed.

    Args:
        request: an upgrade to a WebSocket.
        heartbeat_s: a ping is sent after this much silence, and half of it later the client is
            taken for gone; None: never.
        decode: reads what the client sends.
        encode: writes what it gets.

    Raises:
        web.HTTPBadRequest: it is no proper upgrade.
        TransportClosed: the client is gone already.
    """
    socket = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        compress=False,
        max_msg_size=MAX_FRAME_BYTES,
        heartbeat=heartbeat_s,
        writer_limit=WRITE_AHEAD_BYTES,
        decode_text=False,
    )
    try:
        await socket.prepare(request)
    except ConnectionError as error:
        raise TransportClosed from error
    return WebSocketTransport(request, socket, decode, encode)


class WebSocketTransport:
    """A `Transport` over an open WebSocket. Pings are answered while `receive` waits."""

    def __init__(
        self,
        request: web.Request,
        socket: "web.WebSocketResponse[bool]",
        decode: Decode = _GA.decode,
        encode: Encode = _GA.encode,
    ) -> None:
        self._request = request
        self._socket = socket
        self._decode = decode
        self._encode = encode

    @property
    def response(self) -> web.StreamResponse:
        """What the request's handler must return at the end."""
        return self._socket

    async def receive(self) -> ClientEvent | TranslationClientEvent | MalformedEvent | None:
        """See `Transport`. A frame of more than `MAX_FRAME_BYTES` ends the connection (1009)."""
        message = await self._socket.receive()
        match message.type:
            case WSMsgType.TEXT:
                return await _decoded(message.data, self._decode)
            case WSMsgType.BINARY:
                return MalformedEvent(
                    message="Events are sent as text, this was a binary frame.",
                    code="invalid_event",
                    param=None,
                )
            case WSMsgType.CLOSE if message.data not in GOODBYES:
                raise TransportClosed(code=message.data)
            case WSMsgType.CLOSED:  # the end of the stream without a close frame
                raise TransportClosed
            case WSMsgType.ERROR if not isinstance(message.data, WebSocketError):
                raise TransportClosed from message.data
            case _:
                return None

    async def send(self, event: ServerEvent) -> None:
        """See `Transport`. Waits while the client does not take what was sent before."""
        try:
            for text in self._encode(event):
                await self._socket.send_frame(text, WSMsgType.TEXT)
        except ConnectionError as error:
            raise TransportClosed from error

    async def close(self, code: int, reason: str) -> None:
        """See `Transport`. A peer that takes nothing is cut off after `CLOSE_S`.

        1006 means that no close frame is sent: it may not stand in one (RFC 6455, 7.4.1).
        """
        if code == NO_CLOSE_FRAME and self._request.transport is not None:
            self._request.transport.abort()
            return
        message = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore").encode()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.close(code=code, message=message)
        except TimeoutError:
            pass
        finally:
            connection = self._request.transport
            if connection is not None and self.unsent_bytes:
                connection.abort()

    @property
    def unsent_bytes(self) -> int:
        """See `Transport`; what the kernel took is not in it."""
        connection = self._request.transport
        return 0 if connection is None else connection.get_write_buffer_size()


async def _decoded(
    text: bytes, decode: Decode
) -> ClientEvent | TranslationClientEvent | MalformedEvent:
    try:
        if len(text) > DECODE_IN_THREAD_BYTES:
            return await asyncio.to_thread(decode, text)
        return decode(text)
    except ProtocolError as error:
        return MalformedEvent(error.message, error.code, error.param, error.event_id)
