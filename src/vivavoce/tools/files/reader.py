"""Has documents read in a process of their own, with an end to time and memory."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path

import msgspec

from vivavoce.tools.files.cutting import Piece
from vivavoce.tools.files.document import Unreadable
from vivavoce.tools.files.reader_main import LENGTH, ReadAnswer, ReadOrder

READ_TIMEOUT_S = 60.0
_CLOSE_TIMEOUT_S = 2.0
_ANSWERS = msgspec.msgpack.Decoder(ReadAnswer)


class Reader:
    """One process, started when there is something to read; one file at a time."""

    def __init__(
        self, tokenizer_file: Path | None = None, *, timeout_s: float = READ_TIMEOUT_S
    ) -> None:
        """Prepare one.

        Args:
            tokenizer_file: says how the embedding model counts; None: words and signs.
            timeout_s: longest time for one file; it is then given up, and the process with it.
        """
        self._tokenizer_file = tokenizer_file
        self._timeout_s = timeout_s
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def read(
        self, filename: str, data: bytes, *, max_tokens: int, overlap_tokens: int
    ) -> list[Piece]:
        """Return the passages of a file; at least one.

        Raises:
            Unreadable: it can't be read, or not in time.
        """
        order = ReadOrder(
            filename=filename, data=data, max_tokens=max_tokens, overlap_tokens=overlap_tokens
        )
        async with self._turn:
            answer = await self._asked(msgspec.msgpack.encode(order))
        if answer.code is not None:
            raise Unreadable(answer.message, code=answer.code)
        return answer.pieces

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await process.wait()

    async def _asked(self, order: bytes) -> ReadAnswer:
        try:
            async with asyncio.timeout(self._timeout_s):
                process = await self._living()
                return await _exchange(process, order)
        except TimeoutError:
            await self.close()
            raise Unreadable(f"it can't be read within {self._timeout_s:g} s") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.close()
            raise Unreadable("the process that was to read it died of it") from None
        except asyncio.CancelledError:
            await self.close()  # it may be in the middle of an answer
            raise

    async def _living(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            tokenizer = [] if self._tokenizer_file is None else [str(self._tokenizer_file)]
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "vivavoce.tools.files.reader_main", *tokenizer),
                stdin=PIPE,
                stdout=PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        return self._process


async def _exchange(process: Process, order: bytes) -> ReadAnswer:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(LENGTH.pack(len(order)) + order)
    await process.stdin.drain()
    (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    return _ANSWERS.decode(await process.stdout.readexactly(length))
