"""What a key may use: sessions at once, requests and tokens a minute. Shared by its sessions.

Requests and tokens come out of buckets that are full at first and are filled all the time, so that
a minute's worth is there again after a minute. Source: protocol reference, "Rate limits" (50,
section 21).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from msgspec import Struct

from vivavoce.clock import Clock
from vivavoce.protocol.response import RateLimit

MINUTE_S = 60.0

Kind = Literal["requests", "tokens"]


class KeyLimits(Struct, frozen=True, kw_only=True):
    """What the operator allows a key; None: no limit."""

    sessions: int | None = None
    """At once."""
    requests_per_minute: int | None = None
    """A request is a response."""
    tokens_per_minute: int | None = None
    """In and out, as `response.done` counts them."""


class Exceeded(Struct, frozen=True):
    """Why a response may not begin."""

    kind: Kind
    """The wire's `error.type` (60-errors-limits, section 1)."""
    message: str


class Bucket:
    """What is left of one limit."""

    def __init__(self, kind: Kind, limit: int, clock: Clock) -> None:
        self.kind = kind
        self._limit = limit
        self._clock = clock
        self._level = float(limit)
        self._filled_at = clock.now()

    def has(self, n: int) -> bool:
        """Whether so many are left."""
        self._fill()
        return self._level >= n

    def take(self, n: int) -> None:
        """Use so many; more than there are is a debt that is filled up first."""
        self._fill()
        self._level -= n

    def give_back(self, n: int) -> None:
        """Undo `take`."""
        self._fill()
        self._level = min(self._limit, self._level + n)

    def exceeded(self) -> Exceeded:
        """Say that there is not even one left, and when there will be."""
        wait_s = (1 - self._level) * MINUTE_S / self._limit
        message = (
            f"Rate limit reached on {self.kind} per minute: limit {self._limit}. "
            f"Please try again in {max(0.1, wait_s):.1f}s."
        )
        return Exceeded(self.kind, message)

    def state(self) -> RateLimit:
        """Return what is left, and in how many seconds it is all there again."""
        self._fill()
        return RateLimit(
            name=self.kind,
            limit=self._limit,
            remaining=max(0, int(self._level)),
            reset_seconds=round((self._limit - self._level) * MINUTE_S / self._limit, 3),
        )

    def _fill(self) -> None:
        now = self._clock.now()
        gained = (now - self._filled_at) * self._limit / MINUTE_S
        self._level = min(self._limit, self._level + gained)
        self._filled_at = now


class KeyLimiter:
    """What one key has left. Never waits."""

    def __init__(self, limits: KeyLimits, clock: Clock) -> None:
        self._max_sessions = limits.sessions
        self._n_sessions = 0
        self._requests = _bucket("requests", limits.requests_per_minute, clock)
        self._tokens = _bucket("tokens", limits.tokens_per_minute, clock)

    @property
    def has_room(self) -> bool:
        """Whether one more session may begin."""
        return self._max_sessions is None or self._n_sessions < self._max_sessions

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for a session from before its handshake; ask `has_room` first."""
        self._n_sessions += 1
        try:
            yield
        finally:
            self._n_sessions -= 1

    def take_request(self) -> Exceeded | None:
        """Take one request, or say why there is none to take."""
        for bucket in (self._requests, self._tokens):
            if bucket is not None and not bucket.has(1):
                return bucket.exceeded()
        if self._requests is not None:
            self._requests.take(1)
        return None

    def give_back_request(self) -> None:
        """Undo `take_request`: nobody saw an answer."""
        if self._requests is not None:
            self._requests.give_back(1)

    def use_tokens(self, n_tokens: int) -> None:
        """Note what a response cost; how much it will is not known when it begins."""
        if self._tokens is not None:
            self._tokens.take(n_tokens)

    def states(self) -> tuple[RateLimit, ...]:
        """Return what is left of each limit that there is."""
        return tuple(
            bucket.state() for bucket in (self._requests, self._tokens) if bucket is not None
        )


class Limits:
    """The limiter of every key."""

    def __init__(
        self,
        clock: Clock,
        default: KeyLimits | None = None,
        own: Mapping[str, KeyLimits] | None = None,
    ) -> None:
        """Begin with everything left.

        Args:
            clock: of the server.
            default: of every key that has none of its own.
            own: by the name of the key.
        """
        self._clock = clock
        self._default = default or KeyLimits()
        self._own = own or {}
        self._limiters: dict[str, KeyLimiter] = {}

    def of(self, key_name: str) -> KeyLimiter:
        """Return the limiter of a key; there are only as many as the operator has keys."""
        if key_name not in self._limiters:
            limits = self._own.get(key_name, self._default)
            self._limiters[key_name] = KeyLimiter(limits, self._clock)
        return self._limiters[key_name]


def _bucket(kind: Kind, limit: int | None, clock: Clock) -> Bucket | None:
    return None if limit is None else Bucket(kind, limit, clock)
