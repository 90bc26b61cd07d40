"""Bytes of the Beta dialect to GA's events and back."""

import sys

import msgspec

from vivavoce.protocol.beta_client_events import BetaClientEvent
from vivavoce.protocol.beta_server_events import RENAMED, reshaped
from vivavoce.protocol.codec import encode_server_event
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.protocol.session import Modality

BETA_DECODER: msgspec.json.Decoder[BetaClientEvent] = msgspec.json.Decoder(BetaClientEvent)
BETA_ENCODED = "vivavoce.beta_server_event_encoded"
"""Audit event (PEP 578) raised with the bytes of each encoded event: tests look on through it."""
SPOKEN_AS: tuple[Modality, ...] = ("audio", "text")
"""The modalities of a session whose client named none."""

_ENCODER = msgspec.json.Encoder()


def _head(name: object) -> bytes:
    return b'{"type":%b' % msgspec.json.encode(name)


_HEADS = {
    event_type: (len(_head(event_type.__struct_config__.tag)), _head(name))
    for event_type, name in RENAMED.items()
}
"""By type: how long GA's head of the text is, and what stands in its place in Beta."""


def encode_beta_event(event: ServerEvent, spoken_as: tuple[Modality, ...]) -> bytes | None:
    """Write one event as a Beta client knows it; None: it is not sent any.

    Args:
        event: as the session made it.
        spoken_as: the modalities that stand for spoken answers, as the client gave them.
    """
    renamed = _HEADS.get(type(event))
    if renamed is not None:
        n_replaced, head = renamed
        data = head + encode_server_event(event)[n_replaced:]
    else:
        flat = reshaped(event, spoken_as)
        if flat is None:
            return None
        data = _ENCODER.encode(flat)
    sys.audit(BETA_ENCODED, data)
    return data
