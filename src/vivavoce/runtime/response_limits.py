"""What the limits of a key mean for the responses of one session."""

from vivavoce.core.inputs import ResponseFailed
from vivavoce.core.outputs import StartResponse
from vivavoce.ids import NewId
from vivavoce.protocol.dialect import Dialect
from vivavoce.protocol.response_events import ResponseCreated, ResponseDone
from vivavoce.protocol.server_events import RateLimitsUpdated, ServerEvent
from vivavoce.runtime.limits import KeyLimiter

EXCEEDED = "rate_limit_exceeded"


class ResponseLimits:
    """Asks the limiter before each answer, and reports what is left.

    A prepared answer takes its request when it begins and gives it back when it is dropped: what
    nobody asked for counts for nothing.
    """

    def __init__(self, limiter: KeyLimiter, new_id: NewId, dialect: Dialect = "ga") -> None:
        """Look after one session.

        Args:
            limiter: of the session's key.
            new_id: for events made here; not the session's own, whose ids must repeat.
            dialect: decides when the limits are reported.
        """
        self._limiter = limiter
        self._new_id = new_id
        self._reported_after = ResponseCreated if dialect == "beta" else ResponseDone
        self._prepared: set[str] = set()

    def refuse(self, order: StartResponse) -> ResponseFailed | None:
        """Return what to tell the session in place of starting; None: it may start."""
        response_id = order.request.response_id
        exceeded = self._limiter.take_request() if order.is_for_client else None
        if exceeded is None:
            if order.prepared:
                self._prepared.add(response_id)
            return None
        return ResponseFailed(
            response_id, exceeded.message, EXCEEDED, kind=exceeded.kind, was_started=False
        )

    def released(self, response_id: str) -> None:
        """A prepared answer was asked for after all."""
        self._prepared.discard(response_id)

    def dropped(self, response_id: str) -> None:
        """An answer came to nothing; only a prepared one was not asked for."""
        if response_id in self._prepared:
            self._prepared.discard(response_id)
            self._limiter.give_back_request()

    def after(self, event: ServerEvent) -> RateLimitsUpdated | None:
        """Count what an event says was used; return the report that belongs behind it."""
        if isinstance(event, ResponseDone) and event.response.usage is not None:
            self._limiter.use_tokens(event.response.usage.total_tokens)
        if not isinstance(event, self._reported_after):
            return None
        states = self._limiter.states()
        if not states:
            return None
        return RateLimitsUpdated(event_id=self._new_id("event"), rate_limits=states)
