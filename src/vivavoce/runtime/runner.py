"""The tasks of one session: read, steer, write, and a job for each piece of engine work.

Only `steer` touches the session, and it waits for nothing but its inbox; so "stop" is heard while
the client does not read and the engines are busy.
"""

import asyncio
import logging
from collections.abc import Sequence

from vivavoce.clock import Clock
from vivavoce.core.inputs import (
    Input,
    SessionOpened,
    SidebandOpened,
    Tick,
)
from vivavoce.core.outputs import (
    ClearPlayback,
    Close,
    ForgetPictures,
    LeaveOut,
    Output,
    PlayLine,
    PlaySound,
    Send,
    StopInterlude,
    TurnEnded,
)
from vivavoce.ids import NewId
from vivavoce.interfaces import Engines, ToolServers, TrackSound, Transport
from vivavoce.protocol.client_events import (
    InputAudioBufferAppend,
)
from vivavoce.protocol.extensions import VivavoceTurnTiming
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.runtime.arrivals import arrival_of
from vivavoce.runtime.audio_intake import AudioIntake
from vivavoce.runtime.clients import Clients
from vivavoce.runtime.connection import BUG, Connection, Received
from vivavoce.runtime.ending import Ending, server_error
from vivavoce.runtime.inbox import Arrival, Inbox
from vivavoce.runtime.interludes import Interludes
from vivavoce.runtime.jobs import Jobs
from vivavoce.runtime.limits import KeyLimiter, KeyLimits
from vivavoce.runtime.log_context import SESSION_ID
from vivavoce.runtime.observer import Observer
from vivavoce.runtime.orders import Orders
from vivavoce.runtime.playing import Playing
from vivavoce.runtime.playout import Playout
from vivavoce.runtime.prepared_room import PreparedRoom
from vivavoce.runtime.prompt_lookup import FindPrompt, find_nothing
from vivavoce.runtime.response_limits import ResponseLimits
from vivavoce.runtime.rules import Rules
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.runtime.tool_jobs import NoToolServers, ToolJobs
from vivavoce.runtime.turn_ends import log_turn_end
from vivavoce.runtime.turn_timing import Timing, TurnTiming, TurnTimings

LOG = logging.getLogger(__name__)

STALL_LOOKS = 4
"""How often stalls are looked for in the time that makes one."""


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
        limits: ResponseLimits | None = None,
        find_prompt: FindPrompt = find_nothing,
        opened_by: str = "",
        resume_token: str | None = None,
        playout: Playout | None = None,
        tool_servers: ToolServers | None = None,
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
            limits: of the session's key; None: there are none.
            find_prompt: looks up the stored prompts that the client names.
            opened_by: for the log: with which key, and for whom.
            resume_token: told to a client that asked to come back after a loss; None: it didn't.
            playout: takes the sound of the answers in a call; None: the client is sent it.
            tool_servers: which the session may reach; None: none.
        """
        self._engines = engines
        self._session = session
        self._clock = clock
        self._settings = settings
        self._observers = observers
        self._new_id = new_id
        self._find_prompt = find_prompt
        self._opened_by = opened_by
        self._inbox = Inbox()
        self._intake = AudioIntake(
            engines.new_speech_detector(), cancels_echo=settings.cancels_echo
        )
        self._timings = TurnTimings()
        self._tasks = asyncio.TaskGroup()
        self._clients = Clients(
            transport,
            extensions=reports_timing,
            resume_token=resume_token,
            session_id=session.session_id,
            settings=settings,
            clock=clock,
            new_id=new_id,
            tasks=self._tasks,
            take=self._take_in,
            has_left=self._on_left,
        )
        self._jobs = Jobs(self._tasks, clock, self._inbox.put, self._clients.drop_first)
        self._limits = limits or ResponseLimits(KeyLimiter(KeyLimits(), clock), new_id)
        self._tools = ToolJobs(
            self._jobs,
            tool_servers or NoToolServers(),
            session.session_id,
            self._inbox.put,
            settings.tool_output_characters,
        )
        self._orders = Orders(
            jobs=self._jobs,
            engines=engines,
            tools=self._tools,
            settings=settings,
            prepared_room=prepared_room,
            limits=self._limits,
            post=self._inbox.put,
            post_when_room=self._post_when_room,
            answers_ended=self._on_answers_ended,
        )
        self._playing = Playing(playout, self._inbox.put)
        self._interludes = Interludes(playout, self._jobs, engines.speak, settings.sounds)
        self._end = Ending()
        self._next_look = 0.0
        self._has_dropped_sound = False

    @property
    def session_id(self) -> str:
        """Of the session it runs."""
        return self._session.session_id

    @property
    def unsent_bytes(self) -> int:
        """What waits for the client to read."""
        return self._clients.unsent_bytes

    @property
    def has_room_for_sideband(self) -> bool:
        """Whether one more control connection may be attached."""
        return self._clients.has_room_for_sideband

    def stop(self, code: int, reason: str, *, after_answers: bool = False) -> None:
        """Close the connection politely, at once or when no answer is being made."""
        self._end.close = Close(code, reason)
        self._end.comes_after_answers = after_answers
        self._clients.wait_for_nobody()
        is_answering = self._orders.is_answering and not self._clients.is_first_away
        if not (after_answers and is_answering):
            self._inbox.end()

    def hear(self, sound: TrackSound) -> None:
        """Take in what the microphone of a call heard, if the session is not too far behind."""
        if not self._inbox.put_sound(sound) and not self._has_dropped_sound:
            self._has_dropped_sound = True
            LOG.warning("%s is behind its microphone: sound is dropped", self.session_id)

    async def run(self) -> None:
        """Run the session to its end; no task of it is left when this returns."""
        token = SESSION_ID.set(self.session_id)
        started = self._clock.now()
        LOG.info("session started%s", self._opened_by and f" by {self._opened_by}")
        try:
            await self._run_tasks()
        except ExceptionGroup:
            LOG.exception("a bug of ours ended the session")
            self._end.come(BUG)
        finally:
            self._clients.finish(self._end.close)
            await self._tools.close()
            self._engines.language_model.release(self.session_id)
            for observer in self._observers:
                observer.ended(self._clock.now())
            seconds = self._clock.now() - started
            LOG.info("session ended after %.1f s, code %d", seconds, self._end.close.code)
            SESSION_ID.reset(token)

    def tell(self, event: ServerEvent) -> None:
        """Send an event of our own (`vivavoce.*`) to all connections that asked for such."""
        self._clients.send(event)

    async def attach(self, transport: Transport, *, extensions: bool = False) -> None:
        """Hold a control connection until it or the session ends; neither ends the other.

        Args:
            transport: open.
            extensions: whether its client asked for `vivavoce.*` events.
        """
        await self._clients.attach(transport, extensions=extensions)

    async def resume(self, transport: Transport, after: str) -> None:
        """Let the client go on over a new connection; return when that has ended.

        Args:
            transport: open; nothing was sent over it.
            after: id of the last event that the client got.

        Raises:
            ProtocolError: the session is over, or what came after is no longer kept.
        """
        await self._clients.resume(transport, after)

    async def _run_tasks(self) -> None:
        async with self._tasks as tasks:
            tasks.create_task(self._clients.hold_first(), name="client")
            reporter = tasks.create_task(self._playing.report(), name="playback")
            await self._steer()
            if (last_words := await self._playing.last_words()) is not None:
                self._clients.send(last_words)
            reporter.cancel()
            self._jobs.cancel_all()
            self._clients.finish(self._end.close)

    # --- clients ---

    async def _take_in(self, event: Received, connection: Connection) -> None:
        checker = self._engines.picture_checker
        arrival = await arrival_of(event, connection.number, self._find_prompt, checker)
        await self._inbox.put(arrival)
        connection.n_received += 1
        await self._inbox.wait_for_audio_room()

    def _on_left(self, close: Close | None) -> None:
        if close is not None:
            self._end.come(close)
        self._playing.clear()
        self._inbox.end()

    # --- steer ---

    async def _steer(self) -> None:
        try:
            self._tell(SessionOpened(wall_s=self._clock.wall()))
            self._clients.offer_return()
            while not self._end.has_come:
                patience_s = self._tell_what_is_due()
                try:
                    arrival = await self._inbox.get(patience_s)
                except TimeoutError:
                    continue
                if arrival is None:
                    return
                await self._take(arrival)
        except Exception:
            LOG.exception("a bug of ours ended the session")
            self._clients.send(server_error(self._new_id("event")))
            self._end.come(BUG)

    async def _take(self, arrival: Arrival) -> None:
        """Tell the session, letting other tasks and sessions run after each piece."""
        if isinstance(arrival, SidebandOpened):
            self._clients.greets(arrival)
        session, intake = self._session, self._intake
        if isinstance(arrival, TrackSound):
            for heard in intake.take_track(arrival, session.noise_reduction):
                self._tell(heard)
            if not self._inbox.is_empty:  # where it is, others run anyway
                await asyncio.sleep(0)
        elif isinstance(arrival, InputAudioBufferAppend):
            for heard in intake.take(arrival.audio, session.input_format, session.noise_reduction):
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
            case Send(event, to):
                if not self._playing.takes(event):
                    self._clients.send(event, to)
                if (report := self._limits.after(event)) is not None:
                    self._clients.send(report)
                return []
            case ClearPlayback():
                return self._playing.clear()
            case PlayLine() | PlaySound() | StopInterlude():
                return self._interludes.carry_out(output)
            case Close():
                self._end.come(output)
                return []
            case TurnEnded():
                log_turn_end(output)
                return []
            case ForgetPictures(item_id):
                LOG.info("the pictures of %s are not kept any longer", item_id)
                return self._orders.carry_out(output)
            case LeaveOut(paths):
                LOG.info("asked for, but beyond the engines and left out: %s", ", ".join(paths))
                return []
            case _:
                return self._orders.carry_out(output)

    def _observe(self, now: float, item: Input, outputs: Sequence[Output]) -> None:
        for observer in self._observers:
            observer.saw(now, item, outputs)
        for timing in self._timings.saw(now, item, outputs):
            self._report(timing)

    def _report(self, timing: Timing) -> None:
        for observer in self._observers:
            observer.timed(timing)
        if self._clients.want_extensions and isinstance(timing, TurnTiming):
            self._clients.send(
                VivavoceTurnTiming(
                    event_id=self._new_id("event"),
                    response_id=timing.response_id,
                    item_id=timing.item_id,
                    marks=timing.marks,
                )
            )

    def _tell_what_is_due(self) -> float | None:
        """Tell the session; return how long the inbox may be waited for."""
        now = self._clock.now()
        deadline = self._session.next_deadline
        if deadline is not None and deadline <= now:
            self._tell(Tick())
            deadline = self._session.next_deadline
        if self._next_look <= now:
            stall_s = self._settings.engine_stall_s
            for failure in self._jobs.give_up_stalled(stall_s):
                self._tell(failure)
                deadline = self._session.next_deadline
            self._next_look = min(now + stall_s / STALL_LOOKS, self._jobs.next_stall(stall_s))
        if self._jobs and (deadline is None or self._next_look < deadline):
            deadline = self._next_look
        return None if deadline is None else max(0.0, deadline - self._clock.now())

    # --- jobs ---

    async def _post_when_room(self, item: Input) -> None:
        await self._clients.wait_for_room()
        await self._playing.wait_for_room()
        await self._inbox.put(item)
        await asyncio.sleep(0)  # so that it reaches the outbox before there is asked for room again

    def _on_answers_ended(self) -> None:
        if self._end.comes_after_answers:
            self._inbox.end()
