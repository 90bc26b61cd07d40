"""Who may call: by address, by password, and how many at once."""

import hashlib
import hmac
import secrets

from aiosipua import SipRequest

from vivavoce.clock import Clock
from vivavoce.transports.sip.addresses import is_within, networks_of
from vivavoce.transports.sip.digest import Challenger
from vivavoce.transports.sip.messages import cseq_of, top_via
from vivavoce.transports.sip.screening import Refusal
from vivavoce.transports.sip.settings import SipSettings

RETRY_AFTER_S = "5"


class Admission:
    """Decides on INVITEs that begin a call."""

    def __init__(self, settings: SipSettings, clock: Clock) -> None:
        """Read the networks.

        Raises:
            ConfigError: one of them is none.
        """
        self._settings = settings
        self._clock = clock
        self._networks = networks_of(settings.allowed_sources)
        self._challenger = Challenger(settings.users, settings.realm)
        self._secret = secrets.token_bytes(16)

    def refusal(self, invite: SipRequest, source: str) -> Refusal | None:
        """Return why this caller is not let in; None if it is."""
        if is_within(source, self._networks):
            return None
        if not self._settings.users:
            return Refusal(403)
        now = self._clock.now()
        verdict = self._challenger.check(invite, source, now)
        if verdict == "right":
            return None
        is_stale = verdict == "stale"
        challenges = self._challenger.challenges(invite, source, now, is_stale=is_stale)
        return Refusal(401, challenges)

    def crowd_refusal(self, n_pending: int, n_calls: int) -> Refusal | None:
        """Return why no further call is taken now."""
        if n_pending >= self._settings.max_pending_calls:
            return Refusal(503, (("Retry-After", RETRY_AFTER_S),))
        return Refusal(486) if n_calls >= self._settings.max_calls else None

    def stateless_tag(self, request: SipRequest) -> str:
        """Return a To tag that is the same for each repetition of a request (8.2.7)."""
        signed = f"{request.call_id} {top_via(request).branch} {cseq_of(request).seq}"
        return hmac.new(self._secret, signed.encode(), hashlib.sha256).hexdigest()[:16]
