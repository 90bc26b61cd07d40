"""What the operator says of the media of telephone calls."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

CodecName = Literal["opus", "g722", "pcmu", "pcma"]
Port = Annotated[int, Meta(ge=1024, le=65535)]


class RtpSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The media of telephone calls."""

    host: str = "0.0.0.0"
    """Address that media ports are opened on."""
    advertised_address: str | None = None
    """Address that callers are told to send to; default: the one that leads to the caller."""
    first_port: Port = 20_000
    """Lowest media port; each call takes two."""
    last_port: Port = 29_999
    """Highest media port."""
    codecs: Annotated[tuple[CodecName, ...], Meta(min_length=1)] = ("opus", "g722", "pcmu", "pcma")
    """Which are spoken; in the order of the offer when the caller offers, else in this."""
    srtp: Literal["off", "optional", "required"] = "optional"
    """Encryption of media: refused, used when the other side can, or insisted on."""
    silence_timeout_s: Annotated[float, Meta(gt=0)] = 30.0
    """A call that sends nothing at all for so long, and is not on hold, is reported as lost."""
