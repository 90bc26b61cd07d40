"""The frames between a gateway and its workers: a length, then MessagePack.

Both ends are ours and on one machine, so the only rule is the order: four bytes of length, most
significant first, then one MessagePack array whose first item names what it is.

From the gateway: `["load", target, settings, max_parallel, import_path]` (once, first),
`["call", id, method, args]`, `["more", id]` (one reply was read), `["cancel", id]`.
From the worker: `["ready"]` or `["failed", kind, message, detail]` (once, first),
`["reply", id, value]`, `["end", id]`, `["error", id, message, code]`.
"""

import struct
from typing import Any

import msgspec

_LENGTH = struct.Struct(">I")

UNREAD_REPLIES = 16
"""Replies of one stream a worker may be ahead of its reader; about a second of speech."""


def encode_frame(*message: object) -> bytes:
    """Return the message as one frame."""
    body = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._unread = bytearray()

    def push(self, data: bytes) -> list[list[Any]]:
        """Take bytes as they come; return the messages they complete, in order."""
        self._unread += data
        messages: list[list[Any]] = []
        start = 0
        while len(self._unread) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._unread, start)
            end = start + _LENGTH.size + length
            if len(self._unread) < end:
                break
            messages.append(msgspec.msgpack.decode(self._unread[start + _LENGTH.size : end]))
            start = end
        del self._unread[:start]
        return messages
