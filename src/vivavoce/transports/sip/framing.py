"""Cutting a TCP or TLS stream into SIP messages (RFC 3261, section 18.3; RFC 5626, 3.5.1)."""

import re

from vivavoce.transports.sip.messages import MAX_MESSAGE_BYTES

PING = b"\r\n\r\n"
PONG = b"\r\n"
_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,6})[ \t]*\r?$", re.I | re.M)


class FramingError(Exception):
    """Nothing that follows in this stream can be understood."""


class StreamFraming:
    """Collects bytes until a message is whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0

    @property
    def has_part(self) -> bool:
        """Whether a message has begun and is not whole."""
        return bool(self._buffer.strip(b"\r\n"))

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; return whole messages and, for each keep-alive, a `PING`.

        Raises:
            FramingError: a message is too long or does not say how long it is.
        """
        self._buffer += data
        whole = []
        while (message := self._next()) is not None:
            whole.append(message)
        return whole

    def _next(self) -> bytes | None:
        if self._buffer.startswith(PING):
            del self._buffer[: len(PING)]
            return PING
        if self._buffer.startswith(PONG) and len(self._buffer) > len(PONG):
            if self._buffer[2:3] == b"\r" and len(self._buffer) == 3:
                return None  # half a ping
            del self._buffer[: len(PONG)]
        end = self._buffer.find(b"\r\n\r\n", self._searched)
        if end < 0:
            if len(self._buffer) > MAX_MESSAGE_BYTES:
                raise FramingError("a header without an end")
            self._searched = max(0, len(self._buffer) - 3)
            return None
        return self._cut(end)

    def _cut(self, end: int) -> bytes | None:
        lengths = _LENGTH.findall(self._buffer, 0, end + 2)
        if not lengths:
            raise FramingError("no Content-Length")
        size = end + 4 + int(lengths[0])
        if size > MAX_MESSAGE_BYTES or len(set(lengths)) > 1:
            raise FramingError("too long")
        if len(self._buffer) < size:
            self._searched = end
            return None
        message = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._searched = 0
        return message
