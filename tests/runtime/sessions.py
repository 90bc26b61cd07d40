"""Sessions to run over a connection in memory: by the real rules, or by those that a test gives."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from tests.runtime.fakes import Running, ScriptedRules, until
from vivavoce.core.inputs import ClientSent, Input
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import Output, StartResponse
from vivavoce.core.session import Session
from vivavoce.ids import counting_ids
from vivavoce.interfaces import Prompt, ResponseRequest
from vivavoce.protocol.audio_settings import PcmFormat
from vivavoce.protocol.client_events import InputAudioBufferClear

T = TypeVar("T", bound=Input)

SPEECH = b"\x10\x10" * 24_000
"""One second, loud."""


@asynccontextmanager
async def going(running: Running) -> AsyncIterator[None]:
    """Run a session around the block; at its end the client leaves and nothing is left."""
    before = asyncio.all_tasks()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        run = tasks.create_task(running.runner.run())
        yield
        running.client.leave()
        await run
    assert asyncio.all_tasks() == before


def real_session() -> Session:
    return Session(SessionOptions(), new_id=counting_ids())


def request(response_id: str = "resp_1") -> ResponseRequest:
    return ResponseRequest(response_id=response_id, prompt=Prompt(session_id="sess_1"))


def start(response_id: str = "resp_1", *, prepared: bool = False) -> StartResponse:
    return StartResponse(request(response_id), PcmFormat(), prepared)


def rules(when_client_speaks: Sequence[Sequence[Output]]) -> ScriptedRules:
    """A session that answers the client's events, one after the other, with these outputs."""
    scripted = iter(when_client_speaks)

    def answer(item: Input) -> Iterable[Output]:
        return next(scripted, ()) if isinstance(item, ClientSent) else ()

    return ScriptedRules(answer)


def nudge(running: Running) -> None:
    running.client.send(InputAudioBufferClear())


async def told(session: ScriptedRules, kind: type[T], count: int = 1) -> list[T]:
    """Wait until the session was told this many inputs of a kind."""
    await until(lambda: len(of_kind(session, kind)) >= count)
    return of_kind(session, kind)


def of_kind(session: ScriptedRules, kind: type[T]) -> list[T]:
    return [item for item in session.told if isinstance(item, kind)]
