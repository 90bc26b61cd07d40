"""The live sessions of a server: how many may be, and how they end when it ends."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

GOING_AWAY = 1001
GOODBYE_S = 5.0
"""For the last words to clients at the end."""


class Stoppable(Protocol):
    """A session runner, as the directory sees it."""

    def stop(self, code: int, reason: str, *, after_answers: bool = False) -> None:
        """End the session, at once or when no answer is being made."""
        ...


class Directory:
    """Live sessions by id."""

    def __init__(self, max_sessions: int) -> None:
        self._max_sessions = max_sessions
        self._n_places_taken = 0
        self._live: dict[str, Stoppable] = {}
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
    def listed(self, session_id: str, runner: Stoppable) -> Iterator[None]:
        """List a session while it lives."""
        self._live[session_id] = runner
        self._is_empty.clear()
        if self._is_closing:
            runner.stop(GOING_AWAY, "The server is shutting down.")
        try:
            yield
        finally:
            del self._live[session_id]
            if not self._live:
                self._is_empty.set()

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
