"""A client connection, as the runtime sees it."""

from typing import Protocol

from msgspec import Struct

from vivavoce.protocol.client_events import ClientEvent, TranslationClientEvent
from vivavoce.protocol.server_events import ServerEvent

PRIMARY = 0
"""Number of the connection that a session began with; control connections have higher ones."""
SIDEBANDS = -1
"""Stands for all control connections together."""


class MalformedEvent(Struct, frozen=True, tag=True):
    """Something arrived that is no client event; the session answers with `error`."""

    message: str
    code: str | None
    param: str | None
    event_id: str | None = None
    connection: int = PRIMARY
    """By which of the session's connections it came; the runtime's to fill in."""


class TrackSound(Struct, frozen=True, tag=True):
    """What a microphone heard in the last 20 ms or so, of a call; 24 kHz 16-bit mono."""

    heard: bytes
    played: bytes
    """What was handed to the listener since the last piece was heard, at most 200 ms of it:
    its echo may be in what is heard next."""


class KeyPressed(Struct, frozen=True, tag=True):
    """A caller pressed a key of the telephone."""

    key: str
    """One of `0` to `9`, `*`, `#`, `A` to `D`."""
    wall_s: int
    """Unix time."""


Received = ClientEvent | TranslationClientEvent | MalformedEvent | KeyPressed
"""What a client sends, in the kind of session it opened."""


class Transport(Protocol):
    """One client connection, as the runner sees it."""

    async def receive(self) -> Received | None:
        """Wait for the next event, in the order of arrival; None when the peer said goodbye.

        Raises:
            TransportClosed: the peer is gone without a goodbye; it may come back.
        """
        ...

    async def send(self, event: ServerEvent) -> None:
        """Send one event.

        Raises:
            TransportClosed: the peer is gone.
        """
        ...

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye (RFC 6455 close code) and free everything."""
        ...

    @property
    def unsent_bytes(self) -> int:
        """Bytes accepted by `send` that the peer has not taken yet; 0 if unknown."""
        ...


class NextFrame(Protocol):
    """Gives the next 20 ms of sound."""

    def __call__(self) -> bytes:
        """Return 24 kHz 16-bit mono."""
        ...


class CallTransport(Transport, Protocol):
    """A connection that carries sound of its own, besides events."""

    def hear(self) -> TrackSound | None:
        """Return what was heard since it was last asked, if anything; every 20 ms, never waits."""
        ...

    def play(self, next_frame: NextFrame) -> None:
        """Hand the listener the next 20 ms of sound; called every 20 ms, after `hear`; never waits.

        While nobody would hear it (the call is not connected yet, or on hold), no frame is taken:
        what is being said goes on where it was.
        """
        ...
