"""All interpreters of the server: at most so many at once, started when they are needed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from vivavoce.clock import Clock
from vivavoce.errors import ToolError
from vivavoce.tools.code.interpreter_file import SHA256, compiled_path, interpreter_path
from vivavoce.tools.code.limits import SandboxOrder
from vivavoce.tools.code.process import Reply, SandboxEnded
from vivavoce.tools.code.settings import CodeSettings

_log = logging.getLogger(__name__)

MAX_FILES_SHOWN = 8
_MIB = 1 << 20
_START_AND_SLACK_S = 30


class Interpreter(Protocol):
    """A running one."""

    async def run(self, code: str) -> Reply:
        """Run a piece of code; the caller bounds the time.

        Raises:
            SandboxEnded: the interpreter ended, or answered nonsense.
        """
        ...

    async def end(self) -> None:
        """Kill it; harmless when it has ended."""
        ...


Start = Callable[[SandboxOrder], Awaitable[Interpreter]]
Compile = Callable[[SandboxOrder], Awaitable[None]]


class Seat:
    """One session's claim to an interpreter, and the interpreter while it has one."""

    def __init__(self) -> None:
        self.sandbox: Interpreter | None = None
        self.is_busy = False
        self.used_at = 0.0
        """Monotonic seconds of its last use."""
        self.was_taken_away = False
        """True: another session needed the interpreter; its owner has not been told."""


class Interpreters:
    """Hands out interpreters; takes them from sessions that were idle longest when all are out."""

    def __init__(
        self,
        settings: CodeSettings,
        folder: Path,
        clock: Clock,
        tasks: asyncio.TaskGroup,
        *,
        max_picture_bytes: int,
        start: Start,
        compile_first: Compile,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self.max_picture_bytes = max_picture_bytes
        """Of all pictures together that come back with a run."""
        self._start = start
        self._compile = compile_first
        self._clock = clock
        self._seats: set[Seat] = set()
        self._changed = asyncio.Condition()
        self._tasks = tasks
        self._compiling: asyncio.Task[None] | None = None
        self._is_compiled = False

    def prepare(self) -> None:
        """Begin to compile the interpreter, which takes seconds at the first time ever."""
        if not self._is_compiled and (self._compiling is None or self._compiling.done()):
            self._compiling = self._tasks.create_task(self._compile_first(), name="compile python")

    async def take(self, seat: Seat) -> Interpreter:
        """Return a session's interpreter, a fresh one if it has none. `seat` is then busy.

        Raises:
            ToolError: all are at work, or a fresh one did not start.
        """
        await self._wait_compiled()
        await self._make_room(seat)
        seat.is_busy = True
        if seat.sandbox is not None:
            return seat.sandbox
        try:
            seat.sandbox = await self._start(self._order())
        except (SandboxEnded, OSError) as error:
            await self.release(seat, keep=False)
            raise ToolError("The Python interpreter could not be started.") from error
        except BaseException:
            await self.release(seat, keep=False)
            raise
        return seat.sandbox

    async def release(self, seat: Seat, *, keep: bool) -> None:
        """End a session's turn with its interpreter.

        Args:
            seat: its claim.
            keep: the interpreter goes on, with its variables.
        """
        seat.is_busy = False
        seat.used_at = self._clock.now()
        if not keep:
            sandbox, seat.sandbox = seat.sandbox, None
            self._seats.discard(seat)
            if sandbox is not None:
                await sandbox.end()
        async with self._changed:
            self._changed.notify_all()

    async def close(self) -> None:
        """End all."""
        if self._compiling is not None:
            self._compiling.cancel()
        for seat in tuple(self._seats):
            await self.release(seat, keep=False)

    async def _compile_first(self) -> None:
        try:
            await self._compile(self._order())
            self._is_compiled = True
        except (SandboxEnded, ToolError, OSError) as error:
            _log.warning("the interpreter for code could not be compiled: %s", error)

    async def _wait_compiled(self) -> None:
        self.prepare()
        if self._compiling is not None:
            # A caller that waits no longer does not end it: else it might never come to its end.
            await asyncio.wait((self._compiling,))
        if not self._is_compiled:
            raise ToolError("Code can't be run here at the moment.")

    async def _make_room(self, seat: Seat) -> None:
        try:
            async with asyncio.timeout(self._settings.call_timeout_s), self._changed:
                while seat not in self._seats:
                    if len(self._seats) < self._settings.max_interpreters:
                        self._seats.add(seat)
                    elif (victim := self._longest_idle()) is not None:
                        await self._take_away(victim)
                    else:
                        await self._changed.wait()
        except TimeoutError:
            message = "All Python interpreters are busy. Try again in a moment."
            raise ToolError(message) from None

    async def _take_away(self, seat: Seat) -> None:
        self._seats.discard(seat)
        sandbox, seat.sandbox = seat.sandbox, None
        seat.was_taken_away = True
        if sandbox is not None:
            with suppress(OSError):
                await sandbox.end()

    def _longest_idle(self) -> Seat | None:
        idle = (seat for seat in self._seats if not seat.is_busy)
        return min(idle, key=lambda seat: seat.used_at, default=None)

    def _order(self) -> SandboxOrder:
        settings, path = self._settings, interpreter_path()
        if path is None:
            raise ToolError("The Python interpreter is not installed any more.")
        return SandboxOrder(
            interpreter=str(path),
            sha256=SHA256,
            compiled=str(compiled_path(self._folder)),
            memory_bytes=settings.max_memory_mib * _MIB,
            file_bytes=settings.max_files_mib * _MIB,
            cpu_s=int(settings.session_timeout_s) + _START_AND_SLACK_S,
            max_output_characters=settings.max_output_characters,
            max_files=MAX_FILES_SHOWN,
            max_picture_bytes=self.max_picture_bytes,
        )
