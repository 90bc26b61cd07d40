"""Sessions under way, which more clients join or come back to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.runtime.fakes import Fakes, Running, running
from vivavoce.core.options import SessionOptions
from vivavoce.core.session import Session
from vivavoce.ids import seeded_ids
from vivavoce.interfaces import MalformedEvent
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.testing.transport import MemoryClient, memory_pair

TOKEN = "resume_1"
BAD = MalformedEvent("no", "invalid_value", None)


@dataclass
class Joined:
    """A session under way, and a way to connect more clients to it."""

    running: Running
    tasks: asyncio.TaskGroup

    @property
    def client(self) -> MemoryClient:
        return self.running.client

    def attach(self, *, extensions: bool = False) -> MemoryClient:
        transport, client = memory_pair()
        self.tasks.create_task(self.running.runner.attach(transport, extensions=extensions))
        return client

    def come_back(self, after: ServerEvent) -> MemoryClient:
        transport, client = memory_pair()
        self.tasks.create_task(self.running.runner.resume(transport, after.event_id))
        return client


@asynccontextmanager
async def under_way(
    *,
    fakes: Fakes | None = None,
    settings: RunnerSettings | None = None,
    extensions: bool = False,
    returns: bool = False,
) -> AsyncIterator[Joined]:
    """Run a session around the block; at its end the session is stopped and nothing is left."""
    extensions = extensions or returns
    before = asyncio.all_tasks()
    run = running(
        Session(SessionOptions(extensions=extensions), new_id=seeded_ids(1)),
        fakes or Fakes(),
        settings=settings,
        reports_timing=extensions,
        resume_token=TOKEN if returns else None,
    )
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(run.runner.run())
        yield Joined(run, tasks)
        run.runner.stop(1000, "")
    assert asyncio.all_tasks() == before


def seen(client: MemoryClient, kind: type[ServerEvent]) -> list[ServerEvent]:
    """Return what a client has received of a kind."""
    return [event for event in client.events if isinstance(event, kind)]
