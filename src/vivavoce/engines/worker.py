"""A model in a process of its own, at lower priority, so that it never delays the gateway's loop.

This is the gateway's side; `worker_main` is what runs over there and `frames` what crosses.
A worker that dies costs its running calls and is started again by the next one.
"""

import asyncio
import logging
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, Literal, Protocol, cast

from vivavoce.engines.frames import FrameReader, encode_frame
from vivavoce.engines.strict_settings import plain_settings
from vivavoce.errors import ConfigError, EngineError

_log = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 8.0  # a worker ends at once; this is for one stuck in a system call


class Host(Protocol):
    """What a worker process runs: it owns the model."""

    def handle(self, method: str, args: Any, cancelled: Callable[[], bool]) -> Iterator[Any]:
        """Do one piece of work, yielding its replies; runs in one of `max_parallel` threads.

        `args` and replies are what MessagePack knows: dict, list, str, bytes, numbers, None.
        `cancelled()` turns true when nobody waits any more; look at it as often as is cheap.

        Raises:
            EngineError: crosses to the caller as it is. Anything else becomes an `EngineError`
                with the code `engine_failed`, its traceback on the worker's stderr.
        """
        ...


@asynccontextmanager
async def open_worker(
    target: str, settings: Mapping[str, object], *, name: str, max_parallel: int = 1
) -> AsyncIterator["Worker"]:
    """Start a worker process and wait until its model is loaded.

    Args:
        target: `package.module:function`; `function(settings)` makes the `Host`, over there.
        settings: what MessagePack knows, and paths (they arrive as text).
        name: for logs and the process list.
        max_parallel: calls it serves at once, each in a thread; others wait their turn.

    Raises:
        ConfigError: the host said that its settings can't be used.
        EngineError: the host could not be loaded, or the process died.
    """

    async def launch() -> _Connection:
        return await _launch(target, settings, name, max_parallel)

    worker = Worker(launch, name, max_parallel, await launch())
    try:
        yield worker
    finally:
        await worker._close()


class Worker:
    """A running worker process; shared by all sessions, used from one event loop."""

    def __init__(
        self,
        launch: Callable[[], Awaitable["_Connection"]],
        name: str,
        max_parallel: int,
        connection: "_Connection",
    ) -> None:
        self._launch = launch
        self._name = name
        self._slots = asyncio.Semaphore(max_parallel)
        self._launching = asyncio.Lock()
        self._connection = connection
        self._last_id = 0
        self._is_closed = False

    @property
    def pid(self) -> int:
        """Process id of the worker, of the one that died if it was not needed since."""
        return self._connection.pid

    async def call(self, method: str, args: object) -> Any:
        """Have one piece of work done; return its only (or last) reply, None if there was none.

        Raises:
            EngineError: the host's own, or `engine_died`.
        """
        last = None
        async with aclosing(self.stream(method, args)) as replies:
            async for reply in replies:
                last = reply
        return last

    async def stream(self, method: str, args: object) -> AsyncGenerator[Any, None]:
        """Have one piece of work done; yield its replies as they come.

        Closing it cancels the work and returns at once; the slot stays taken until the worker
        says that it stopped.

        Raises:
            EngineError: the host's own, or `engine_died`.
        """
        await self._slots.acquire()
        try:
            connection = await self._living()
            self._last_id += 1
            call = connection.start(self._last_id, method, args, self._slots.release)
        except BaseException:
            self._slots.release()
            raise
        try:
            while (reply := await call.replies.get()) is not _END:
                if isinstance(reply, EngineError):
                    raise reply
                connection.send("more", call.id)
                yield reply
        finally:
            if not call.is_finished:
                connection.send("cancel", call.id)

    async def _living(self) -> "_Connection":
        async with self._launching:
            if self._is_closed:
                raise EngineError(f"the {self._name} worker is closed", code="engine_died")
            if not self._connection.is_alive:
                _log.warning("the %s worker died; starting it again", self._name)
                await self._connection.close()
                self._connection = await self._launch()
            return self._connection

    async def _close(self) -> None:
        self._is_closed = True
        await self._connection.close()


# --- one process ------------------------------------------------------------------------------

_END = object()


class _Call:
    """One piece of work under way; its queue is bounded by what the worker may send unread."""

    def __init__(self, call_id: int, finished: Callable[[], None]) -> None:
        self.id = call_id
        self.replies: asyncio.Queue[Any] = asyncio.Queue()
        self.is_finished = False
        self._finished = finished

    def finish(self, last: object) -> None:
        self.is_finished = True
        self.replies.put_nowait(last)
        self._finished()


class _Connection(asyncio.Protocol):
    """The socket to one worker process and the calls it has to answer."""

    def __init__(self, name: str) -> None:
        self.is_alive = True
        self.loaded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._name = name
        self._frames = FrameReader()
        self._calls: dict[int, _Call] = {}
        self._process: Process | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def attach(self, process: Process) -> None:
        self._process = process

    def start(self, call_id: int, method: str, args: object, finished: Callable[[], None]) -> _Call:
        call = _Call(call_id, finished)
        self.send("call", call_id, method, args)
        self._calls[call_id] = call
        return call

    def send(self, *message: object) -> None:
        if self.is_alive and self._transport is not None:
            self._transport.write(encode_frame(*message))

    async def close(self) -> None:
        """End the process: closing its socket is enough, unless it is stuck."""
        self.loaded.cancel()
        if self._transport is not None:
            self._transport.abort()
        if self._process is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._process.wait()
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods without the base class.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for message in self._frames.push(data):
            self._take(message)

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_alive = False
        died = EngineError(f"the {self._name} worker died", code="engine_died")
        if not self.loaded.done():
            self.loaded.set_exception(died)
        for call in self._calls.values():
            call.finish(died)
        self._calls.clear()

    def _take(self, message: list[Any]) -> None:
        match message:
            case ["reply", call_id, value]:
                self._calls[call_id].replies.put_nowait(value)
            case ["end", call_id]:
                self._calls.pop(call_id).finish(_END)
            case ["error", call_id, text, code]:
                self._calls.pop(call_id).finish(EngineError(text, code=code))
            case ["ready"]:
                self.loaded.set_result(None)
            case ["failed", kind, text, detail]:
                self.loaded.set_exception(_load_error(kind, text, detail))
            case _:
                raise AssertionError(f"unknown frame {message[0]!r}")


def _load_error(kind: Literal["config", "engine"], text: str, detail: str | None) -> Exception:
    if kind == "config":
        return ConfigError(text, path=detail)
    return EngineError(text, code=detail or "engine_error")


async def _launch(
    target: str, settings: Mapping[str, object], name: str, max_parallel: int
) -> _Connection:
    here, there = socket.socketpair()
    connection = _Connection(name)
    with there:
        await asyncio.get_running_loop().create_unix_connection(lambda: connection, sock=here)
        try:
            connection.attach(await _spawn(there.fileno(), name))
        except BaseException:
            await connection.close()
            raise
    connection.send("load", target, plain_settings(settings), max_parallel, sys.path)
    try:
        await connection.loaded
    except BaseException:
        await connection.close()
        raise
    return connection


async def _spawn(fd: int, name: str) -> Process:
    # -P: the folder the server was started in is no place to import code from. Standard output
    # belongs to the command line, so whatever a library prints goes to standard error.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "vivavoce.engines.worker_main",
        name,
        str(fd),
        pass_fds=(fd,),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=sys.__stderr__.fileno() if sys.__stderr__ is not None else None,
    )
