"""The dialect that the session itself speaks."""

from collections.abc import Sequence

from vivavoce.protocol.client_events import ClientEvent
from vivavoce.protocol.codec import decode_client_event, encode_server_event
from vivavoce.protocol.server_events import ServerEvent


class GaCodec:
    """A `DialectCodec` without a memory."""

    def decode(self, text: bytes) -> ClientEvent:
        """See `DialectCodec`."""
        return decode_client_event(text)

    def encode(self, event: ServerEvent) -> Sequence[bytes]:
        """See `DialectCodec`: always one."""
        return (encode_server_event(event),)
