"""One interpreter in its sandbox process: the gateway's side.

Whatever comes back was made, or could have been made, by the code that ran: it is bounded and
checked, and anything odd ends the process.
"""

import asyncio
import socket
import struct
import subprocess
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import Process
from contextlib import suppress

import msgspec
from msgspec import Struct

from vivavoce.tools.code.limits import NOTICE, SandboxOrder

_READY_TIMEOUT_S = 60.0  # the first one ever compiles the interpreter, on a machine that is busy
_NOTICE_BYTES = struct.calcsize(NOTICE)
_LINES_OF_NOISE = 1_000  # code that writes to descriptor 1 itself; its lines are passed over


class WrittenFile(Struct, frozen=True, kw_only=True):
    """A file that code wrote."""

    path: str
    n_bytes: int
    content: str | None = None
    """Base64, of a small picture."""


class Reply(Struct, frozen=True, kw_only=True):
    """What came of a piece of code."""

    call: int
    printed: str
    value: str | None
    """`repr` of the last expression's value."""
    error: str | None
    """The end of the traceback."""
    files: tuple[WrittenFile, ...] = ()
    """New or changed."""


class _Ready(Struct, frozen=True, kw_only=True):
    ready: bool


class SandboxEnded(Exception):  # noqa: N818 - an end, not an error
    """The process ended, or had to be ended; all variables are lost."""


async def start_sandbox(order: SandboxOrder) -> "Sandbox":
    """Start a process and wait until its interpreter stands.

    Args:
        order: its `link` is filled in here.

    Raises:
        SandboxEnded: it did not come up.
        OSError: the process can't be started.
    """
    sandbox = await _launch(order)
    try:
        async with asyncio.timeout(_READY_TIMEOUT_S):
            await sandbox.wait_ready()
    except BaseException as error:
        await sandbox.end()
        if isinstance(error, TimeoutError):
            raise SandboxEnded("it did not start in time") from error
        raise
    return sandbox


async def compile_interpreter(order: SandboxOrder) -> None:
    """Have the machine code made, if it is not there; takes seconds, once per installation.

    Raises:
        SandboxEnded: it could not be made.
        OSError: the process can't be started.
    """
    sandbox = await _launch(msgspec.structs.replace(order, only_compile=True))
    try:
        if await sandbox.wait_ended() != 0:
            raise SandboxEnded("its interpreter could not be compiled")
    finally:
        await sandbox.end()


class Sandbox:
    """A running interpreter, of one session; runs one piece of code at a time."""

    def __init__(self, process: Process, reader: StreamReader, writer: StreamWriter) -> None:
        self._process = process
        self._notices = reader
        self._link = writer
        self._last_call = 0
        self._n_sent = 0

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    async def wait_ready(self) -> None:
        """Wait until the interpreter says that it stands.

        Raises:
            SandboxEnded: it ended instead.
        """
        try:
            msgspec.json.decode(await self._line(), type=_Ready)
        except msgspec.MsgspecError as error:
            raise SandboxEnded("it did not start") from error

    async def wait_ended(self) -> int:
        """Wait until the process ends by itself; return its status."""
        return await self._process.wait()

    async def run(self, code: str) -> Reply:
        """Run a piece of code until it waits for the next; the caller bounds the time.

        Raises:
            SandboxEnded: the interpreter ended, or answered nonsense.
        """
        self._last_call += 1
        await self._send({"call": self._last_call, "code": code})
        reply = await self._reply()
        await self._rest()
        return reply

    def hang_up(self) -> None:
        """Close the link, as happens when the gateway dies: the process then ends by itself."""
        self._link.close()

    async def end(self) -> None:
        """Kill the process and wait until it is gone; harmless when it is."""
        self.hang_up()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _send(self, order: object) -> None:
        line = msgspec.json.encode(order) + b"\n"
        self._n_sent += len(line)
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(line)
            await stdin.drain()
        except OSError as error:
            raise SandboxEnded("the interpreter ended") from error

    async def _reply(self) -> Reply:
        for _ in range(_LINES_OF_NOISE):
            line = await self._line()
            with suppress(msgspec.MsgspecError):
                reply = msgspec.json.decode(line, type=Reply)
                if reply.call == self._last_call:
                    return reply
        raise SandboxEnded("the interpreter answered nonsense")

    async def _rest(self) -> None:
        # A reply may have been forged by code that goes on; the notice is the process's own.
        n_read = -1
        while n_read != self._n_sent:
            try:
                (n_read,) = struct.unpack(NOTICE, await self._notices.readexactly(_NOTICE_BYTES))
            except (EOFError, OSError) as error:
                raise SandboxEnded("the interpreter ended") from error

    async def _line(self) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            line = await stdout.readline()
        except (ValueError, OSError) as error:
            raise SandboxEnded("the interpreter answered too much") from error
        if not line:
            raise SandboxEnded("the interpreter ended")
        return line


def _longest_line(order: SandboxOrder) -> int:
    # JSON may write a character in 12 bytes; three texts of them, and Base64.
    return 36 * order.max_output_characters + 2 * order.max_picture_bytes + (1 << 16)


async def _launch(order: SandboxOrder) -> Sandbox:
    here, there = socket.socketpair()
    with there:
        reader, writer = await asyncio.open_unix_connection(sock=here)
        told = msgspec.structs.replace(order, link=there.fileno())
        try:
            process = await _spawn(told)
        except BaseException:
            writer.close()
            raise
    return Sandbox(process, reader, writer)


async def _spawn(order: SandboxOrder) -> Process:
    # No environment, for it holds the server's secrets; -I: no code from the current folder.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "vivavoce.tools.code.sandbox_main",
        msgspec.json.encode(order).decode(),
        pass_fds=(order.link,),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=sys.__stderr__.fileno() if sys.__stderr__ is not None else None,
        limit=_longest_line(order),
        env={},
        cwd="/",
        start_new_session=True,
    )
