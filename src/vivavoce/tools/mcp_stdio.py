"""Runs an MCP server of the operator as a process of its own, spoken to over its standard streams.

The SDK has such a transport too; this one bounds what it reads, gives the process as good as no
environment, and kills all its descendants.

Imports the MCP library: itself to be imported when used.
"""

import asyncio
import logging
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from vivavoce.tools.mcp_connection import OnLost, OpenTransport, Streams
from vivavoce.tools.mcp_http import MAX_ANSWER_BYTES

LOG = logging.getLogger(__name__)

END_S = 0.5
"""For a process to end by itself, once nobody talks to it any more."""
NICENESS = 5  # sound on its way to a listener goes before whatever such a program computes
MAX_LOG_LINES = 100  # of one process
MAX_LOG_CHARACTERS = 500  # of a line
LONGEST_LOG_LINE_BYTES = 64 * 1024

Incoming = MemoryObjectSendStream[SessionMessage | Exception]
Outgoing = MemoryObjectReceiveStream[SessionMessage]


def standard_streams(
    label: str, command: Sequence[str], environment: Mapping[str, str]
) -> OpenTransport:
    """Return the opener of a process's streams.

    Args:
        label: what the log calls it.
        command: program and arguments.
        environment: all that the process will see.
    """

    @asynccontextmanager
    async def open_streams(on_lost: OnLost) -> AsyncGenerator[Streams, None]:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=dict(environment),
            limit=MAX_ANSWER_BYTES,
            start_new_session=True,  # a group of its own, to be killed as a whole
        )
        _lower(process)
        incoming, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        write, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
        try:
            async with anyio.create_task_group() as tasks, incoming, read, write, outgoing:
                tasks.start_soon(_read, process, incoming, on_lost, label)
                tasks.start_soon(_write, process, outgoing)
                tasks.start_soon(_log, process, label)
                try:
                    yield read, write
                finally:
                    tasks.cancel_scope.cancel()
        finally:
            await _end(process)

    return open_streams


def _lower(process: Process) -> None:
    with suppress(OSError):  # it has ended already
        os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)


async def _read(process: Process, incoming: Incoming, on_lost: OnLost, label: str) -> None:
    """Read messages, one a line, until the process is silent for good."""
    assert process.stdout is not None
    try:
        while line := await process.stdout.readline():
            try:
                message = SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
            except ValueError:
                LOG.info("%s: a line that is no message: %s", label, _shown(line))
                continue
            await incoming.send(message)
    except ValueError:  # readline's word for a line beyond the limit
        LOG.warning("%s: a message of more than %d bytes; it is ended", label, MAX_ANSWER_BYTES)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        return  # the connection is closing
    finally:
        on_lost()
        incoming.close()


async def _write(process: Process, outgoing: Outgoing) -> None:
    assert process.stdin is not None
    with suppress(ConnectionError):  # it ended: its silence says so too
        async for message in outgoing:
            text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            process.stdin.write(text.encode() + b"\n")
            await process.stdin.drain()


async def _log(process: Process, label: str) -> None:
    """Log the first lines of the process's complaints; read the rest, so that it never waits."""
    assert process.stderr is not None
    n_lines, rest = 0, b""
    while chunk := await process.stderr.read(LONGEST_LOG_LINE_BYTES):
        *lines, rest = (rest + chunk).split(b"\n") if n_lines < MAX_LOG_LINES else [b""]
        rest = rest[:MAX_LOG_CHARACTERS]
        for line in lines[: MAX_LOG_LINES - n_lines]:
            LOG.info("%s: %s", label, _shown(line))
        n_lines += len(lines)


def _shown(line: bytes) -> str:
    text = line[: MAX_LOG_CHARACTERS * 4].decode(errors="replace").strip()
    return "".join(c if c.isprintable() else " " for c in text)[:MAX_LOG_CHARACTERS]


async def _end(process: Process) -> None:
    """Let the process end by itself for a moment, then kill it and what it started."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(END_S):
            await process.wait()
    except TimeoutError:
        LOG.info("a tool server's process does not end by itself; it is killed")
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    async with asyncio.timeout(END_S):
        await process.wait()
