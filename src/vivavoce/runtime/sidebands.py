"""The control connections of a session (10-transports-auth, section 6)."""

from vivavoce.core.outputs import Close
from vivavoce.interfaces import PRIMARY, SIDEBANDS
from vivavoce.protocol.extensions import is_extension
from vivavoce.protocol.response_events import ResponseOutputAudioDelta
from vivavoce.runtime.connection import Connection
from vivavoce.runtime.outbox import Waiting

MAX_SIDEBANDS = 8
"""Of one session: each may let 8 MiB wait and costs the encoding of every event."""


class Sidebands:
    """They hear nothing before they are greeted, and no sound ever."""

    def __init__(self) -> None:
        self._last_number = PRIMARY
        self._joining: dict[int, Connection] = {}
        self._open: dict[int, Connection] = {}

    def __bool__(self) -> bool:
        return bool(self._open)

    @property
    def is_full(self) -> bool:
        """Whether no further one may join."""
        return len(self._joining) + len(self._open) >= MAX_SIDEBANDS

    @property
    def want_extensions(self) -> bool:
        """Whether one of them asked for `vivavoce.*` events."""
        return any(connection.extensions for connection in self._open.values())

    def next_number(self) -> int:
        """Number a new connection."""
        self._last_number += 1
        return self._last_number

    def join(self, connection: Connection) -> None:
        """Expect its greeting."""
        self._joining[connection.number] = connection

    def open(self, number: int) -> None:
        """Let it hear what comes from now on; its greeting is the first of it."""
        if (connection := self._joining.pop(number, None)) is not None:
            self._open[number] = connection

    def leave(self, connection: Connection) -> None:
        """Forget it."""
        self._joining.pop(connection.number, None)
        self._open.pop(connection.number, None)

    def put(self, entry: Waiting, to: int | None) -> None:
        """Let an event be sent to one of them, or to all (None, `SIDEBANDS`)."""
        if isinstance(entry.event, ResponseOutputAudioDelta):
            return
        for connection in self._open.values():
            if to not in (None, SIDEBANDS, connection.number):
                continue
            if connection.extensions or not is_extension(type(entry.event)):
                connection.put(entry)

    def finish(self, close: Close) -> None:
        """End all of them politely."""
        for connection in (*self._joining.values(), *self._open.values()):
            connection.finish(close)
