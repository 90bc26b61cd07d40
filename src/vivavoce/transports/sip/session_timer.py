"""Session timers without I/O: is the far side still there? (RFC 4028)."""

from dataclasses import dataclass
from typing import Literal

from aiosipua import SipRequest, SipResponse

from vivavoce.transports.sip.messages import Message, number_in, values_of

LEAST_S = 90
"""No timer may be shorter (section 4)."""
LAST_CALL_S = 32.0
RETRY_S = 10.0
"""After a refresh that failed for a passing reason."""

Refresher = Literal["us", "them"]
Due = Literal["refresh", "expired"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What both sides agree on."""

    interval_s: int
    refresher: Refresher
    peer_supports_timer: bool = True


class TooShort(Exception):  # noqa: N818 - becomes a 422
    """The far side wants a timer shorter than we allow."""


def terms_for_request(request: SipRequest, *, wish_s: int | None, least_s: int) -> Terms | None:
    """Decide on an INVITE or UPDATE of the far side (section 9); None: no timer.

    Raises:
        TooShort: answer 422 with our `Min-SE`.
    """
    supports = "timer" in values_of(request, "Supported") + values_of(request, "Require")
    asked = request.headers.get_first("Session-Expires")
    asked_s = number_in(asked)
    floor_s = number_in(request.headers.get_first("Min-SE")) or LEAST_S
    if asked is None or asked_s is None:
        if wish_s is None:
            return None
        return Terms(max(wish_s, floor_s), "us", supports)
    if asked_s < least_s and supports:
        raise TooShort
    interval_s = asked_s if wish_s is None else min(asked_s, max(wish_s, floor_s))
    they = supports and _refresher(asked) != "uas"
    return Terms(max(interval_s, LEAST_S), "them" if they else "us", supports)


def terms_of_response(response: SipResponse) -> Terms | None:
    """Read what a 2xx to our INVITE or UPDATE says (section 7.2); None: no timer."""
    value = response.headers.get_first("Session-Expires")
    interval_s = number_in(value)
    if value is None or interval_s is None:
        return None
    return Terms(max(interval_s, LEAST_S), "them" if _refresher(value) == "uas" else "us")


def write_terms_to_response(response: SipResponse, terms: Terms | None) -> None:
    """Say in a 2xx what we decided."""
    if terms is None:
        return
    role = "uas" if terms.refresher == "us" else "uac"
    response.headers.set_single("Session-Expires", f"{terms.interval_s};refresher={role}")
    if terms.refresher == "them" and terms.peer_supports_timer:
        response.headers.append("Require", "timer")


def write_wish_to_request(
    request: Message, interval_s: int | None, least_s: int, refresher: str | None = None
) -> None:
    """Ask for a timer in an INVITE or UPDATE of ours."""
    if interval_s is None:
        return
    role = f";refresher={refresher}" if refresher else ""
    request.headers.set_single("Session-Expires", f"{interval_s}{role}")
    if least_s > LEAST_S:
        request.headers.set_single("Min-SE", str(least_s))


class SessionTimer:
    """Counts from the last refresh."""

    def __init__(self, terms: Terms, now: float) -> None:
        self.terms = terms
        self._refresh_at = now
        self._expires_at = now
        self.refreshed(now)

    @property
    def next_deadline(self) -> float:
        """When `tick` is due."""
        if self.terms.refresher == "us":
            return min(self._refresh_at, self._expires_at)
        return self._expires_at

    def refreshed(self, now: float) -> None:
        """A refresh went through, ours or theirs."""
        interval_s = self.terms.interval_s
        self._refresh_at = now + interval_s / 2
        self._expires_at = now + interval_s - min(LAST_CALL_S, interval_s / 3)

    def tick(self, now: float) -> Due | None:
        """Say what is due; a refresh that does not go through is due again soon."""
        if now >= self._expires_at:
            return "expired"
        if self.terms.refresher == "us" and now >= self._refresh_at:
            self._refresh_at = now + RETRY_S
            return "refresh"
        return None


def _refresher(value: str) -> str | None:
    for param in value.split(";")[1:]:
        name, _, role = param.partition("=")
        if name.strip().lower() == "refresher":
            return role.strip().lower()
    return None
