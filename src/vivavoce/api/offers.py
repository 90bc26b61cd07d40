"""The body of an offer: bare SDP, or a form with the SDP and the session (10, section 5.1)."""

from typing import TypeVar

import msgspec
from aiohttp import BodyPartReader, web
from msgspec import Struct

from vivavoce.api.form_parts import check_encoding, reading_form
from vivavoce.errors import ProtocolError
from vivavoce.protocol.codec import decode_body

SDP_TYPE = "application/sdp"
BARE_TYPES = (SDP_TYPE, "text/plain", "application/octet-stream")
"""What clients say of a bare offer; the last is what aiohttp sees where they say nothing."""
FORM_TYPE = "multipart/form-data"
SDP_PART = "sdp"
SESSION_PART = "session"
MAX_PART_BYTES = 1024 * 1024

T = TypeVar("T", bound=Struct)


class Offer(Struct, frozen=True):
    """What a client posted."""

    sdp: str
    session: bytes | None
    """JSON, unread; None: it sent none."""


async def read_offer(request: web.Request) -> Offer:
    """Return the offer in a request.

    Raises:
        ProtocolError: the body has none, or is of another kind.
        web.HTTPRequestEntityTooLarge: it is longer than any offer.
    """
    kind = request.content_type
    if kind == FORM_TYPE:
        return await _read_form(request)
    if kind not in BARE_TYPES:
        raise ProtocolError(
            f"Send the offer as '{SDP_TYPE}' or '{FORM_TYPE}', not as '{kind[:100]}'.",
            code="unsupported_content_type",
        )
    return Offer(_text(await request.read()), None)


def read_session(offer: Offer, decoder: msgspec.json.Decoder[T]) -> T | None:
    """Return the session that came with an offer.

    Raises:
        ProtocolError: it is not what the decoder reads; `param` begins with `session`.
    """
    if offer.session is None:
        return None
    return decode_body(b'{"session":' + offer.session + b"}", decoder)


async def _read_form(request: web.Request) -> Offer:
    parts: dict[str, bytes] = {}
    with reading_form():
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.name in (SDP_PART, SESSION_PART):
                check_encoding(part)
                parts[part.name] = await _read_part(part)
    if SDP_PART not in parts:
        raise ProtocolError(
            f"Missing required parameter: '{SDP_PART}'.",
            code="missing_required_parameter",
            param=SDP_PART,
        )
    return Offer(_text(parts[SDP_PART]), parts.get(SESSION_PART))


async def _read_part(part: BodyPartReader) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > MAX_PART_BYTES:
            raise web.HTTPRequestEntityTooLarge(MAX_PART_BYTES, len(data))
    return bytes(part.decode(bytes(data)))


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise ProtocolError("The offer is not UTF-8.", code="invalid_offer", param="sdp") from None
