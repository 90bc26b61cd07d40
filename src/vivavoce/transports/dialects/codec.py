"""What a transport needs of a dialect: texts to events and back."""

from collections.abc import Sequence
from typing import Protocol

from vivavoce.protocol.client_events import ClientEvent
from vivavoce.protocol.server_events import ServerEvent


class DialectCodec(Protocol):
    """One connection's dialect. It may remember what was said, so each connection has its own."""

    def decode(self, text: bytes) -> ClientEvent:
        """Read one event. May run in another thread, one call at a time.

        Raises:
            ProtocolError: it is no event that the dialect knows.
        """
        ...

    def encode(self, event: ServerEvent) -> Sequence[bytes]:
        """Write one event: one text as a rule, but none or several in dialects unlike GA."""
        ...
