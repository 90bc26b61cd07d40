"""The live sessions of a server: how many may be, and how they end when it ends."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from msgspec import Struct

from vivavoce.interfaces import Transport

GOING_AWAY = 1001
EVERYBODY = "*"
"""The owner of a session that any standard key may join: no key began it."""
GOODBYE_S = 5.0
"""For the last words to clients at the end."""


class LiveSession(Protocol):
    """A session runner, as the directory and who finds it there see it."""

    def stop(self, code: int, reason: str, *, after_answers: bool = False) -> None:
        """End the session, at once or when no answer is being made."""
        ...

    @property
    def has_room_for_sideband(self) -> bool:
        """Whether one more control connection may be attached."""
        ...

    async def attach(self, transport: Transport, *, extensions: bool = False) -> None:
        """Hold a control connection until it or the session ends."""
        ...

    async def resume(self, transport: Transport, after: str) -> None:
        """Let the client go on over a new connection; return when that has ended.

        Raises:
            ProtocolError: it cannot.
        """
        ...


class Joinable(Struct, frozen=True, kw_only=True):
    """How further connections may find a session, besides by its id."""

    owner: str | None = None
    """The standard key whose session it is, or `EVERYBODY`; None: there are no keys."""
    call_id: str | None = None
    """Of a session that is a call."""
    resume_token: str | None = None
    """With which its client may come back after a loss."""
    has_sidebands: bool = True
    """Whether control connections may join it; False: it can only be hung up, by its call id."""


class Directory:
    """Live sessions by id."""

    def __init__(self, max_sessions: int) -> None:
        self._max_sessions = max_sessions
        self._n_places_taken = 0
        self._live: dict[str, LiveSession] = {}
        self._joinable: dict[str, tuple[LiveSession, str | None]] = {}
        """With the owner; by session id and call id."""
        self._calls: dict[str, tuple[LiveSession, str | None]] = {}
        """With the owner; by call id."""
        self._by_token: dict[str, tuple[LiveSession, str | None]] = {}
        self._is_closing = False
        self._is_empty = asyncio.Event()
        self._is_empty.set()

    @property
    def has_room(self) -> bool:
        """Whether one more session may begin."""
        return not self._is_closing and self._n_places_taken < self._max_sessions

    @property
    def is_closing(self) -> bool:
        """Whether the server is ending."""
        return self._is_closing

    def __len__(self) -> int:
        return len(self._live)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for a session, from before its handshake; ask `has_room` first."""
        self._n_places_taken += 1
        try:
            yield
        finally:
            self._n_places_taken -= 1

    @contextmanager
    def listed(
        self, session_id: str, runner: LiveSession, joinable: Joinable | None = None
    ) -> Iterator[None]:
        """List a session while it lives; `joinable` None: no other connection may join it."""
        self._live[session_id] = runner
        if joinable is not None:
            entry = (runner, joinable.owner)
            if joinable.has_sidebands:
                self._joinable[session_id] = entry
            if joinable.call_id is not None:
                self._calls[joinable.call_id] = entry
            if joinable.call_id is not None and joinable.has_sidebands:
                self._joinable[joinable.call_id] = entry
            if joinable.resume_token is not None:
                self._by_token[joinable.resume_token] = entry
        self._is_empty.clear()
        if self._is_closing:
            runner.stop(GOING_AWAY, "The server is shutting down.")
        try:
            yield
        finally:
            del self._live[session_id]
            if joinable is not None:
                self._joinable.pop(session_id, None)
                self._joinable.pop(joinable.call_id or "", None)
                self._calls.pop(joinable.call_id or "", None)
                self._by_token.pop(joinable.resume_token or "", None)
            if not self._live:
                self._is_empty.set()

    def find(self, name: str, owner: str | None) -> LiveSession | None:
        """Return the owner's session with this session id or call id, if it may be joined."""
        return _owned(self._joinable.get(name), owner)

    def find_call(self, call_id: str, owner: str | None) -> LiveSession | None:
        """Return the owner's call with this id."""
        return _owned(self._calls.get(call_id), owner)

    def find_by_token(self, token: str, owner: str | None) -> LiveSession | None:
        """Return the owner's session whose client may come back with this token."""
        return _owned(self._by_token.get(token), owner)

    async def drain(self, timeout_s: float) -> None:
        """Take no more sessions; end idle ones now, the others after their answers.

        What still goes on after `timeout_s` is ended then. Returns when all have ended, or soon
        after: a client that does not say goodbye is not waited for.
        """
        self._is_closing = True
        self._stop_all(after_answers=True)
        if not await self._emptied(timeout_s):
            self._stop_all(after_answers=False)
            await self._emptied(GOODBYE_S)

    def _stop_all(self, *, after_answers: bool) -> None:
        for runner in list(self._live.values()):
            runner.stop(GOING_AWAY, "The server is shutting down.", after_answers=after_answers)

    async def _emptied(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._is_empty.wait()
        except TimeoutError:
            return False
        return True


def _owned(entry: tuple[LiveSession, str | None] | None, owner: str | None) -> LiveSession | None:
    if entry is None or entry[1] not in (owner, EVERYBODY):
        return None
    return entry[0]
