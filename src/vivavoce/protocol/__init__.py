"""The wire, typed once: events, items, sessions, responses, and their JSON."""

from vivavoce.protocol.client_events import ClientEvent, TranslationClientEvent
from vivavoce.protocol.codec import (
    decode_client_event,
    decode_translation_event,
    encode_server_event,
)
from vivavoce.protocol.server_events import ServerEvent

__all__ = [
    "ClientEvent",
    "ServerEvent",
    "TranslationClientEvent",
    "decode_client_event",
    "decode_translation_event",
    "encode_server_event",
]
