"""The tool `run_python`, of one session: the server behind the reserved label `code`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from vivavoce.clock import Clock
from vivavoce.errors import ToolError
from vivavoce.interfaces.tools import ListedTool
from vivavoce.tools.code.answers import answer
from vivavoce.tools.code.interpreter_file import why_not
from vivavoce.tools.code.interpreters import Compile, Interpreters, Seat, Start
from vivavoce.tools.code.process import (
    Reply,
    SandboxEnded,
    compile_interpreter,
    start_sandbox,
)
from vivavoce.tools.code.settings import CodeSettings

_log = logging.getLogger(__name__)

MAX_CODE_CHARACTERS = 100_000
_LIST_OF_FILES_CHARACTERS = 4_000
_INVALID_PARAMS = -32602  # JSON-RPC
_ALL_LOST = "All variables and files of earlier code are gone; define again what you need."

RUN_PYTHON = ListedTool(
    name="run_python",
    description=(
        "Run Python code and get what it prints, or the value of its last line. Use it for every "
        "calculation, and for dates, sorting, counting and statistics. 12 percent of 50 is "
        "50 * 12 / 100; 50 plus 12 percent is 50 * 112 / 100. Variables are kept for the next "
        "call. Only the standard library; no internet; files in the current folder only."
    ),
    input_schema={
        "type": "object",
        "properties": {"code": {"type": "string", "description": "Python code, such as 17 * 23"}},
        "required": ["code"],
        "additionalProperties": False,
    },
    annotations={"title": "Python", "destructiveHint": False, "openWorldHint": False},
)


@asynccontextmanager
async def open_code(
    settings: CodeSettings,
    folder: Path,
    *,
    clock: Clock,
    longest_output: int,
    probe: Callable[[], str | None] = why_not,
    start: Start = start_sandbox,
    compile_first: Compile = compile_interpreter,
) -> AsyncIterator["CodeServers | None"]:
    """Open what sessions need to run code; None where it is switched off or can't be isolated.

    Args:
        settings: of the operator.
        folder: where the compiled interpreter is kept between starts.
        clock: for limits of time.
        longest_output: in characters, of what a call returns; what its text leaves is for pictures.
        probe: says why code can't be isolated here, or None.
        start: starts an interpreter.
        compile_first: compiles it before the first start.
    """
    if not settings.enabled:
        yield None
        return
    if (reason := probe()) is not None:
        _log.warning("the label 'code' is not offered, for code can't be isolated here: %s", reason)
        yield None
        return
    async with asyncio.TaskGroup() as tasks:
        interpreters = Interpreters(
            settings,
            folder,
            clock,
            tasks,
            max_picture_bytes=_room_for_pictures(settings, longest_output),
            start=start,
            compile_first=compile_first,
        )
        try:
            yield CodeServers(settings, interpreters, clock)
        finally:
            await interpreters.close()


class CodeServers:
    """Opens the label `code` for sessions."""

    def __init__(self, settings: CodeSettings, interpreters: Interpreters, clock: Clock) -> None:
        self._settings = settings
        self._interpreters = interpreters
        self._clock = clock

    async def open(self, _session_id: str) -> "CodeServer":
        """Open it for a session; an interpreter is started by the first call."""
        self._interpreters.prepare()
        return CodeServer(self._settings, self._interpreters, self._clock)


class CodeServer:
    """Runs the code of one session, one piece at a time; a `ToolServer`."""

    def __init__(self, settings: CodeSettings, interpreters: Interpreters, clock: Clock) -> None:
        self._settings = settings
        self._interpreters = interpreters
        self._clock = clock
        self._seat = Seat()
        self._turn = asyncio.Lock()
        self._ran_s = 0.0
        self._is_closed = False

    async def list_tools(self) -> tuple[ListedTool, ...]:
        """Return the one tool there is."""
        return (RUN_PYTHON,)

    async def call_tool(self, name: str, arguments: Mapping[str, object]) -> str:
        """Run code; return what it printed, its last value or its error, as text.

        Raises:
            ToolError: no such tool, no code, out of time, or the interpreter ended.
        """
        if name != RUN_PYTHON.name:
            message = f"There is no tool '{name}' here."
            raise ToolError(message, kind="protocol_error", code=_INVALID_PARAMS)
        code = plain_code(arguments)
        async with self._turn:
            self._check_open()
            if self._ran_s >= self._settings.session_timeout_s:
                raise ToolError("This session has used up its time for running code.")
            return await self._run(code)

    async def close(self) -> None:
        """End the interpreter; a call under way fails."""
        self._is_closed = True
        await self._interpreters.release(self._seat, keep=False)

    async def _run(self, code: str) -> str:
        sandbox = await self._interpreters.take(self._seat)
        keep = False
        began = self._clock.now()
        try:
            self._check_open()
            async with asyncio.timeout(self._timeout_s()):
                reply = await sandbox.run(code)
            keep = True
        except TimeoutError:
            seconds = f"{self._clock.now() - began:.0f}"
            message = f"The code was stopped after {seconds} seconds. {_ALL_LOST}"
            raise ToolError(message) from None
        except SandboxEnded as error:
            self._check_open()
            message = f"The interpreter ended: the code left it or broke it. {_ALL_LOST}"
            raise ToolError(message) from error
        finally:
            self._ran_s += self._clock.now() - began
            # Cancelled in the middle of a run, the interpreter can't be used any more, either.
            await self._interpreters.release(self._seat, keep=keep and not self._is_closed)
        return self._answer(reply)

    def _answer(self, reply: Reply) -> str:
        settings = self._settings
        max_picture_bytes = self._interpreters.max_picture_bytes
        text = answer(reply, settings.max_output_characters, max_picture_bytes)
        if self._seat.was_taken_away:
            self._seat.was_taken_away = False
            return f"(The interpreter was started anew. {_ALL_LOST})\n{text}"
        return text

    def _timeout_s(self) -> float:
        left = self._settings.session_timeout_s - self._ran_s
        return min(self._settings.call_timeout_s, left)

    def _check_open(self) -> None:
        if self._is_closed:
            raise ToolError("The session has ended.")


def _room_for_pictures(settings: CodeSettings, longest_output: int) -> int:
    left = longest_output - settings.max_output_characters - _LIST_OF_FILES_CHARACTERS
    return max(0, left * 3 // 4)  # Base64


def plain_code(arguments: Mapping[str, object]) -> str:
    """Return the code of a call, without the fence that models like to put around it.

    Raises:
        ToolError: there is none, or too much.
    """
    code = arguments.get("code")
    if not isinstance(code, str) or not code.strip():
        message = "The argument 'code' has to be Python code."
        raise ToolError(message, kind="protocol_error", code=_INVALID_PARAMS)
    if len(code) > MAX_CODE_CHARACTERS:
        message = f"The argument 'code' is longer than {MAX_CODE_CHARACTERS} characters."
        raise ToolError(message, kind="protocol_error", code=_INVALID_PARAMS)
    lines = code.strip("\n").split("\n")
    if lines[0].strip() in ("```", "```python", "```py") and lines[-1].strip() == "```":
        lines = lines[1:-1]
    return "\n".join(lines)
