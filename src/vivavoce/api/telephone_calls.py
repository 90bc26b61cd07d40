"""The telephone calls of a server, from their first ring to their end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from vivavoce.core.options import SessionOptions
from vivavoce.interfaces import Engines
from vivavoce.runtime.directory import EVERYBODY
from vivavoce.runtime.runner import SessionRunner
from vivavoce.transports.rtp.session import RtpSession
from vivavoce.transports.sip.incoming import IncomingCall
from vivavoce.transports.sip.messages import Header
from vivavoce.transports.sip.outgoing import OutgoingCall
from vivavoce.transports.telephone import TelephoneTransport


@dataclass(kw_only=True)
class TelephoneCall:
    """One call; belongs to the event loop."""

    call_id: str
    """`rtc_...`; not to be guessed: who knows it, and a key, may take the call and listen."""
    leg: IncomingCall | OutgoingCall
    transport: TelephoneTransport
    media: RtpSession
    owner: str | None = EVERYBODY
    """Of the session, once it is accepted."""
    session: SessionRunner | None = None
    """None: it rings, and nobody has accepted it."""
    begun_at: float = 0.0
    """Monotonic seconds: its session's beginning."""
    is_being_transferred: bool = False
    session_has_ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        """Whether nothing can be done with it any more."""
        return self.leg.state == "over" or self.session_has_ended.is_set()

    def may_be_used_by(self, owner: str | None) -> bool:
        """Say whether a key may take or end the call; while it rings, each one may."""
        return self.owner in (owner, EVERYBODY)


class Order(Struct, frozen=True, kw_only=True):
    """A call to be made."""

    target_uri: str
    """`sip:` or `tel:`."""
    trunk: str | None
    """Name of the trunk to call through; None: the only one there is."""
    headers: Sequence[Header] = ()
    """Further ones of the INVITE."""
    options: SessionOptions
    """Of its session; all of it can be enacted."""
    key_id: str
    """Of the standard key whose session it is."""
    owner: str | None
    """Who may join it, see `Joinable`."""
    opened_by: str
    """For the log."""


Dial = Callable[[Engines, Order], Awaitable[TelephoneCall]]
"""Makes a call. Raises `ProtocolError` if there is no way to the target."""


class TelephoneCalls:
    """Calls by id."""

    def __init__(self) -> None:
        self.dial: Dial | None = None
        """None: no calls can be made here."""
        self.cancels_echo = False
        """Whether what is played is taken out of what is heard."""
        self._calls: dict[str, TelephoneCall] = {}

    def add(self, call: TelephoneCall) -> None:
        """List a call that begins."""
        self._calls[call.call_id] = call

    def remove(self, call_id: str) -> None:
        """Forget a call that is over."""
        self._calls.pop(call_id, None)

    def find(self, call_id: str, owner: str | None) -> TelephoneCall | None:
        """Return a call that goes on and that this key may use."""
        call = self._calls.get(call_id)
        if call is None or call.is_over or not call.may_be_used_by(owner):
            return None
        return call

    def find_any(self, call_id: str) -> TelephoneCall | None:
        """Return a call that goes on, whosever it is."""
        call = self._calls.get(call_id)
        return None if call is None or call.is_over else call
