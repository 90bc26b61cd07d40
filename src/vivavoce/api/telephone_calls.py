"""The telephone calls of a server, from their first ring to their end."""

import asyncio
from dataclasses import dataclass, field

from vivavoce.runtime.directory import EVERYBODY
from vivavoce.runtime.runner import SessionRunner
from vivavoce.transports.rtp.session import RtpSession
from vivavoce.transports.sip.incoming import IncomingCall
from vivavoce.transports.telephone import TelephoneTransport


@dataclass(kw_only=True)
class TelephoneCall:
    """One call; belongs to the event loop."""

    call_id: str
    """`rtc_...`; not to be guessed: who knows it, and a key, may take the call and listen."""
    leg: IncomingCall
    transport: TelephoneTransport
    media: RtpSession
    owner: str | None = EVERYBODY
    """Of the session, once it is accepted."""
    session: SessionRunner | None = None
    """None: it rings."""
    accepted_at: float = 0.0
    """Monotonic seconds."""
    is_being_transferred: bool = False
    session_has_ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        """Whether nothing can be done with it any more."""
        return self.leg.state == "over" or self.session_has_ended.is_set()

    def may_be_used_by(self, owner: str | None) -> bool:
        """Say whether a key may take or end the call; while it rings, each one may."""
        return self.owner in (owner, EVERYBODY)


class TelephoneCalls:
    """Calls by id."""

    def __init__(self) -> None:
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

    def __len__(self) -> int:
        return len(self._calls)
