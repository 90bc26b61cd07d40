"""What webhook endpoints are told (10-transports-auth, section 7.2)."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

CALL_INCOMING = "realtime.call.incoming"
CALL_ENDED = "vivavoce.call.ended"
MediaSecurity = Literal["rtp", "srtp"]
EventType = Literal["realtime.call.incoming", "vivavoce.call.ended"]


class SipHeader(Struct, frozen=True, kw_only=True):
    """One header of the INVITE, as the caller sent it: not to be trusted."""

    name: str
    value: str


class IncomingCallData(Struct, frozen=True, kw_only=True):
    """Which call waits."""

    call_id: str
    sip_headers: tuple[SipHeader, ...]
    """In the order of the INVITE, without those that hold credentials."""
    sip_media_security: MediaSecurity | UnsetType = UNSET
    """Unset: the caller wants our offer first."""


class EndedCallData(Struct, frozen=True, kw_only=True):
    """How a call came to its end."""

    call_id: str
    session_id: str | None
    """None: there was none, for nobody accepted it."""
    ended_by: str
    """Why, in one word: `bye` (the far side hung up), `hangup` (we did), `cancelled` (by who
    called), `unanswered`, `rejected` (by us), `refused` (by the far side), ..."""
    duration_s: float
    """Of the session; 0: there was none."""


class RealtimeCallIncoming(Struct, frozen=True, kw_only=True, tag=CALL_INCOMING):
    """A call waits for somebody who accepts it."""

    id: str
    created_at: int
    """Unix seconds."""
    data: IncomingCallData
    object: Literal["event"] = "event"


class VivavoceCallEnded(Struct, frozen=True, kw_only=True, tag=CALL_ENDED):
    """A call is over; an event of our own, for endpoints that ask for it."""

    id: str
    created_at: int
    """Unix seconds."""
    data: EndedCallData
    object: Literal["event"] = "event"


WebhookEvent = RealtimeCallIncoming | VivavoceCallEnded
