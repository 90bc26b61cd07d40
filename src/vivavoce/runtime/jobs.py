"""The engine work of one session: tasks by name, their failures contained, their stalls found.

The one place that catches `Exception`: an engine may break its contract, and that costs one
answer, not the session.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass

from vivavoce.clock import Clock
from vivavoce.core.inputs import Input
from vivavoce.errors import EngineError, TransportClosed

LOG = logging.getLogger(__name__)

STALLED = "engine_stalled"

Failed = Callable[[str, str], Input | None]
"""Makes the input that reports a failure from message and code; None: nobody waits for it."""


class Watch:
    """Says since when a job waits for its engine. Waiting for anything else does not count."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.waiting_since: float | None = None
        """Monotonic seconds; None: it does not wait for the engine."""

    def engine_is_asked(self) -> None:
        """From now on the engine is to blame."""
        self.waiting_since = self._clock.now()

    def engine_has_answered(self) -> None:
        """Until the next question the engine is free of blame."""
        self.waiting_since = None


@dataclass(eq=False, slots=True)
class Job:
    """One running piece of engine work."""

    name: str
    failed: Failed
    watch: Watch
    task: asyncio.Task[None] | None = None


class Jobs:
    """Starts and cancels; never waits. Ended tasks are collected by the task group."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        clock: Clock,
        report: Callable[[Input], Awaitable[None]],
        dropped: Callable[[int], None],
    ) -> None:
        """Start with nothing to do.

        Args:
            tasks: where jobs run.
            clock: for stalls.
            report: takes what the session is to be told.
            dropped: takes the close code when an engine gives up the client itself, as a
                scripted one may.
        """
        self._tasks = tasks
        self._clock = clock
        self._report = report
        self._dropped = dropped
        self._running: dict[str, Job] = {}

    def __bool__(self) -> bool:
        return bool(self._running)

    def __contains__(self, name: str) -> bool:
        return name in self._running

    def start(
        self, name: str, work: Callable[[Watch], Coroutine[None, None, None]], failed: Failed
    ) -> None:
        """Run `work` as a task; one of the same name is cancelled first."""
        self.cancel(name)
        job = Job(name, failed, Watch(self._clock))
        self._running[name] = job
        job.task = self._tasks.create_task(self._contain(job, work), name=name)

    def cancel(self, name: str) -> None:
        """Cancel the job if it runs, without waiting for its end."""
        job = self._running.pop(name, None)
        if job is not None and job.task is not None:
            job.task.cancel()

    def cancel_all(self) -> None:
        """Cancel whatever runs."""
        for name in list(self._running):
            self.cancel(name)

    def next_stall(self, stall_s: float) -> float:
        """Monotonic seconds at which the first of these jobs will have said nothing for so long.

        Infinite if none waits for its engine; one that begins to wait later stalls later.
        """
        waiting = (job.watch.waiting_since for job in self._running.values())
        return min((since for since in waiting if since is not None), default=math.inf) + stall_s

    def give_up_stalled(self, stall_s: float) -> list[Input]:
        """Cancel the jobs whose engine said nothing for `stall_s`; return what to report.

        Judged from outside, so that an engine deaf to cancellation can't hold up the verdict.
        """
        now = self._clock.now()
        stalled = [
            job
            for job in self._running.values()
            if job.watch.waiting_since is not None and job.watch.waiting_since + stall_s <= now
        ]
        reports = []
        for job in stalled:
            self.cancel(job.name)
            LOG.warning("%s: no progress for %g s", job.name, stall_s)
            message = f"The engine made no progress for {stall_s:g} seconds."
            if (report := job.failed(message, STALLED)) is not None:
                reports.append(report)
        return reports

    async def _contain(
        self, job: Job, work: Callable[[Watch], Coroutine[None, None, None]]
    ) -> None:
        try:
            await self._fulfil(job, work)
        except TransportClosed as error:
            self._dropped(error.code)
            await self._report_failure(job, "The connection was dropped.", "connection_dropped")
        except EngineError as error:
            LOG.warning("%s failed: %s (%s)", job.name, error.message, error.code)
            await self._report_failure(job, error.message, error.code)
        except Exception:
            LOG.exception("%s broke", job.name)
            await self._report_failure(job, "The engine failed.", "engine_error")
        finally:
            if self._running.get(job.name) is job:
                del self._running[job.name]

    async def _fulfil(self, job: Job, work: Callable[[Watch], Coroutine[None, None, None]]) -> None:
        try:
            await work(job.watch)
        except asyncio.CancelledError:
            # Nobody asked this task to end: something inside the engine was cancelled.
            task = asyncio.current_task()
            if task is not None and task.cancelling() == 0:
                raise EngineError("The engine was interrupted.") from None
            raise

    async def _report_failure(self, job: Job, message: str, code: str) -> None:
        job.watch.engine_has_answered()
        report = job.failed(message, code)
        if report is not None:
            await self._report(report)
