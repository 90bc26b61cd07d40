"""The tasks of one session: read, steer, write, and a job for each piece of engine work.

Only `steer` touches the session, and it waits for nothing but its inbox; so "stop" is heard while
the client does not read and the engines are busy.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vivavoce.clock import Clock
from vivavoce.core.inputs import ClientSent, Input, SessionOpened, Tick
from vivavoce.core.outputs import Close, Output, Send
from vivavoce.errors import TransportClosed
from vivavoce.ids import NewId
from vivavoce.interfaces import Engines, MalformedEvent, Transport
from vivavoce.protocol.client_events import InputAudioBufferAppend
from vivavoce.protocol.extensions import VivavoceTurnTiming
from vivavoce.protocol.server_events import ErrorDetail, ErrorEvent, ServerEvent
from vivavoce.protocol.session import AudioFormat
from vivavoce.runtime.audio_intake import AudioIntake
from vivavoce.runtime.inbox import Arrival, Inbox
from vivavoce.runtime.jobs import Jobs
from vivavoce.runtime.log_context import SESSION_ID
from vivavoce.runtime.observer import Observer
from vivavoce.runtime.orders import Orders
from vivavoce.runtime.outbox import Outbox
from vivavoce.runtime.prepared_room import PreparedRoom
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.runtime.turn_timing import Timing, TurnTiming, TurnTimings

LOG = logging.getLogger(__name__)

NORMAL = Close(1000, "")
NOT_READING = Close(1008, "The client does not read.")
BUG = Close(1011, "The server had an error.")
SLOWEST_CLIENT_BYTES_PER_S = 16 * 1024
"""A large event may take this much longer to be sent; live sound needs four times as much."""
STALL_LOOKS = 4
"""How often stalls are looked for in the time that makes one."""


class Rules(Protocol):
    """The session, as its runner sees it: `core.session.Session`."""

    @property
    def session_id(self) -> str:
        """On the wire and in logs."""
        ...

    @property
    def next_deadline(self) -> float | None:
        """Monotonic seconds at which it wants a `Tick`; a tick must move it on."""
        ...

    @property
    def input_format(self) -> AudioFormat:
        """Of appended audio, now."""
        ...

    def handle(self, item: Input, now: float) -> list[Output]:
        """Take what happened, return what to do."""
        ...


class SessionRunner:
    """Keeps one session going, from its greeting to its end."""

    def __init__(
        self,
        transport: Transport,
        engines: Engines,
        session: Rules,
        clock: Clock,
        settings: RunnerSettings,
        observers: Sequence[Observer],
        *,
        new_id: NewId,
        prepared_room: PreparedRoom,
        reports_timing: bool = False,
    ) -> None:
        """Prepare; nothing happens before `run`.

        Args:
            transport: the client's connection, open.
            engines: shared with other sessions.
            session: fresh; nobody else may touch it.
            clock: for `now`.
            settings: of the server.
            observers: told of every step.
            new_id: for events made here; not the session's own, whose ids must repeat.
            prepared_room: shared by all sessions of the server.
            reports_timing: whether the client asked for `vivavoce.*` events.
        """
        self._transport = transport
        self._engines = engines
        self._session = session
        self._clock = clock
        self._settings = settings
        self._observers = observers
        self._new_id = new_id
        self._reports_timing = reports_timing
        self._inbox = Inbox()
        self._outbox = Outbox()
        self._intake = AudioIntake(engines.new_speech_detector())
        self._timings = TurnTimings()
        self._tasks = asyncio.TaskGroup()
        self._jobs = Jobs(self._tasks, clock, self._inbox.put, self._drop)
        self._orders = Orders(
            jobs=self._jobs,
            engines=engines,
            settings=settings,
            prepared_room=prepared_room,
            post=self._inbox.put,
            post_when_room=self._post_when_room,
            answers_ended=self._on_answers_ended,
        )
        self._end = _End()
        self._next_look = 0.0

    @property
    def session_id(self) -> str:
        """Of the session it runs."""
        return self._session.session_id

    @property
    def unsent_bytes(self) -> int:
        """What waits for the client to read."""
        return self._outbox.size_bytes + self._transport.unsent_bytes

    def stop(self, code: int, reason: str, *, after_answers: bool = False) -> None:
        """Close the connection politely, at once or when no answer is being made."""
        self._end.close = Close(code, reason)
        self._end.comes_after_answers = after_answers
        if not (after_answers and self._orders.is_answering):
            self._inbox.end()

    async def run(self) -> None:
        """Run the session to its end; no task of it is left when this returns."""
        token = SESSION_ID.set(self.session_id)
        started = self._clock.now()
        LOG.info("session started")
        try:
            await self._run_tasks()
        except ExceptionGroup:
            LOG.exception("a bug of ours ended the session")
            self._end.come(BUG)
        finally:
            await self._transport.close(self._end.close.code, self._end.close.reason)
            self._engines.language_model.release(self.session_id)
            for observer in self._observers:
                observer.ended(self._clock.now())
            seconds = self._clock.now() - started
            LOG.info("session ended after %.1f s, code %d", seconds, self._end.close.code)
            SESSION_ID.reset(token)

    async def _run_tasks(self) -> None:
        async with self._tasks as tasks:
            reader = tasks.create_task(self._read(), name="read")
            writer = tasks.create_task(self._write(), name="write")
            await self._steer()
            self._jobs.cancel_all()
            reader.cancel()
            if self._end.is_polite:
                self._outbox.finish()
                await asyncio.wait([writer])
            else:
                writer.cancel()

    # --- read ---

    async def _read(self) -> None:
        while (event := await self._transport.receive()) is not None:
            match event:
                case InputAudioBufferAppend() | MalformedEvent():
                    await self._inbox.put(event)
                case _:
                    await self._inbox.put(ClientSent(event))
            await self._inbox.wait_for_audio_room()
        self._end.is_polite = False
        self._inbox.end()

    # --- steer ---

    async def _steer(self) -> None:
        try:
            self._tell(SessionOpened(wall_s=self._clock.wall()))
            while not self._end.has_come:
                self._tell_what_is_due()
                try:
                    arrival = await self._inbox.get(self._patience_s())
                except TimeoutError:
                    continue
                if arrival is None:
                    return
                await self._take(arrival)
        except Exception:
            LOG.exception("a bug of ours ended the session")
            self._send(_server_error(self._new_id("event")))
            self._end.come(BUG)

    async def _take(self, arrival: Arrival) -> None:
        """Tell the session, letting other tasks and sessions run after each piece."""
        if isinstance(arrival, InputAudioBufferAppend):
            for heard in self._intake.take(arrival.audio, self._session.input_format):
                self._tell(heard)
                await asyncio.sleep(0)
        else:
            self._tell(arrival)
            await asyncio.sleep(0)

    def _tell(self, item: Input) -> None:
        now = self._clock.now()
        outputs = self._session.handle(item, now)
        follow_ups: list[Input] = []
        for output in outputs:
            follow_ups += self._carry_out(output)
        self._observe(now, item, outputs)
        for follow_up in follow_ups:
            self._tell(follow_up)

    def _carry_out(self, output: Output) -> list[Input]:
        match output:
            case Send(event):
                self._send(event)
                return []
            case Close():
                self._end.come(output)
                return []
            case _:
                return self._orders.carry_out(output)

    def _send(self, event: ServerEvent) -> None:
        if not self._outbox.put(event) and not self._end.has_come:
            LOG.warning("the client does not read: %d bytes wait", self._outbox.size_bytes)
            self._cut_off()

    def _observe(self, now: float, item: Input, outputs: Sequence[Output]) -> None:
        for observer in self._observers:
            observer.saw(now, item, outputs)
        for timing in self._timings.saw(now, item, outputs):
            self._report(timing)

    def _report(self, timing: Timing) -> None:
        for observer in self._observers:
            observer.timed(timing)
        if self._reports_timing and isinstance(timing, TurnTiming):
            self._send(
                VivavoceTurnTiming(
                    event_id=self._new_id("event"),
                    response_id=timing.response_id,
                    item_id=timing.item_id,
                    marks=timing.marks,
                )
            )

    def _tell_what_is_due(self) -> None:
        now = self._clock.now()
        deadline = self._session.next_deadline
        if deadline is not None and deadline <= now:
            self._tell(Tick())
        if self._next_look <= now:
            self._next_look = now + self._settings.engine_stall_s / STALL_LOOKS
            for failure in self._jobs.give_up_stalled(self._settings.engine_stall_s):
                self._tell(failure)

    def _patience_s(self) -> float | None:
        """How long the inbox may be waited for; the loop looks at what is due after that."""
        due = [] if self._session.next_deadline is None else [self._session.next_deadline]
        if self._jobs:
            due.append(self._next_look)
        return max(0.0, min(due) - self._clock.now()) if due else None

    # --- write ---

    async def _write(self) -> None:
        while (waiting := await self._outbox.get()) is not None:
            limit_s = (
                self._settings.client_stall_s + waiting.size_bytes / SLOWEST_CLIENT_BYTES_PER_S
            )
            try:
                async with asyncio.timeout(limit_s):
                    await self._transport.send(waiting.event)
            except TransportClosed:
                self._outbox.abandon()
                self._inbox.end()
                return
            except TimeoutError:
                LOG.warning("the client took nothing for %.0f s", limit_s)
                self._cut_off()
                return
            self._outbox.sent(waiting)

    def _cut_off(self) -> None:
        """End without waiting for what is unsent: the client does not read."""
        self._abandon(NOT_READING)

    def _drop(self, code: int) -> None:
        """End as if the network had failed: a scripted engine asks for it."""
        self._abandon(Close(code, ""))

    def _abandon(self, close: Close) -> None:
        self._outbox.abandon()
        self._end.come(close)
        self._end.is_polite = False
        self._inbox.end()

    # --- jobs ---

    async def _post_when_room(self, item: Input) -> None:
        await self._outbox.wait_for_room()
        await self._inbox.put(item)
        await asyncio.sleep(0)  # so that it reaches the outbox before there is asked for room again

    def _on_answers_ended(self) -> None:
        if self._end.comes_after_answers:
            self._inbox.end()


@dataclass(slots=True)
class _End:
    """How the session ends."""

    close: Close = NORMAL
    has_come: bool = False
    is_polite: bool = True
    """Whether what waits is sent before."""
    comes_after_answers: bool = False

    def come(self, close: Close) -> None:
        self.close = close
        self.has_come = True


def _server_error(event_id: str) -> ErrorEvent:
    message = "The server had an error while processing your request."
    return ErrorEvent(event_id=event_id, error=ErrorDetail(type="server_error", message=message))
