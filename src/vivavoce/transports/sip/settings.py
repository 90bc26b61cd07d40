"""Settings of the SIP side: where it listens, who may call, and which trunks it calls through."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

Port = Annotated[int, Meta(ge=0, le=65535)]
TransportName = Literal["udp", "tcp", "tls"]


class SipTrunk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A provider's or telephone system's address, for outgoing calls and for registration."""

    address: str
    """`host`, `host:port`, or either with `;transport=tcp`; without a transport: `udp`."""
    domain: str = ""
    """Right side of our address and of the numbers called; default: the host of `address`."""
    user: str = ""
    """Left side of our address, and the name shown when the trunk asks who calls."""
    password: str = ""
    """Shown to the trunk by digest only, never in clear."""
    caller: str = ""
    """The number shown to who is called; default: `user`."""
    register: bool = False
    """Register there, so that its calls are sent to us."""
    register_s: Annotated[int, Meta(ge=60)] = 300
    """How long a registration is asked to hold; it is renewed before its end."""


class SipSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the SIP server needs to know."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    udp_port: Port | None = 5060
    """`none`: no UDP; 0: any free one."""
    tcp_port: Port | None = 5060
    """`none`: no TCP; 0: any free one."""
    tls_port: Port | None = None
    """`none`: no TLS; 0: any free one. Needs a certificate."""
    advertised_host: str = ""
    """The address that others reach us at, if it is not `host` (behind address translation)."""
    allowed_sources: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Networks whose calls are taken without a password; `0.0.0.0/0` and `::/0`: everybody's."""
    users: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Names and passwords of callers from elsewhere (digest); none: they are refused with 403."""
    realm: str = "vivavoce"
    """Shown to callers that are asked for a password."""
    trunks: Mapping[str, SipTrunk] = msgspec.field(default_factory=dict)
    """By the names that outgoing calls use."""
    session_timer_s: Annotated[int, Meta(ge=90)] | None = 1800
    """A call whose far side is gone is found out within this time (RFC 4028); `none`: we ask for
    no timer, but keep one that the far side wants."""
    min_session_timer_s: Annotated[int, Meta(ge=90)] = 90
    """Shorter timers are refused with 422."""
    answer_within_s: Annotated[float, Meta(gt=0)] = 30.0
    """An incoming call that nobody accepts ends with 480 after this."""
    ring_at_most_s: Annotated[float, Meta(gt=0)] = 60.0
    """A call of ours that nobody answers within this is given up."""
    max_pending_calls: Annotated[int, Meta(ge=1)] = 64
    """Incoming calls that ring at the same time; more are refused with 503."""
    max_calls: Annotated[int, Meta(ge=1)] = 256
    """Calls in all, both ways; more incoming ones are refused with 486."""
    max_connections: Annotated[int, Meta(ge=1)] = 512
    """TCP and TLS connections from outside; more are closed at once."""
