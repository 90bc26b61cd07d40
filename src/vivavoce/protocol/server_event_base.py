"""What all server events share; apart so that our own events need not import all others."""

from msgspec import Struct


class ServerEventBase(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A server event; the subclass's tag is its `type` on the wire."""

    event_id: str
    """Made by the server, unique in a session."""
