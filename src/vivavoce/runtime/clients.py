"""All who are connected to one session: the client that it began with, and its sidebands.

One of them may be lost, and only the first is waited for. Source: protocol reference, "Sideband"
(10-transports-auth, section 6); coming back is an extension.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from vivavoce.clock import Clock
from vivavoce.core.inputs import SidebandOpened
from vivavoce.core.outputs import Close
from vivavoce.errors import ProtocolError
from vivavoce.ids import NewId
from vivavoce.interfaces import PRIMARY, Transport
from vivavoce.protocol.extensions import VivavoceSessionResumable, VivavoceSessionResumed
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.runtime.connection import NORMAL, Connection, Take
from vivavoce.runtime.log_context import SESSION_ID
from vivavoce.runtime.outbox import Waiting, sized
from vivavoce.runtime.primary import Primary
from vivavoce.runtime.settings import RunnerSettings
from vivavoce.runtime.sidebands import Sidebands

LOG = logging.getLogger(__name__)

REPLACED = Close(4000, "invalid_request_error.session_resumed_elsewhere")
"""No client library tries again after it (10-transports-auth, section 3.4)."""


class Clients:
    """Sends to them, takes in what they send, and says when the first one has left for good."""

    def __init__(
        self,
        transport: Transport,
        *,
        extensions: bool,
        resume_token: str | None,
        session_id: str,
        settings: RunnerSettings,
        clock: Clock,
        new_id: NewId,
        tasks: asyncio.TaskGroup,
        take: Take,
        has_left: Callable[[Close | None], None],
    ) -> None:
        """Prepare; nothing happens before `hold_first`.

        Args:
            transport: of the client that the session begins with; open.
            extensions: whether that one asked for `vivavoce.*` events.
            resume_token: by which it may come back after a loss; None: it did not ask to.
            session_id: on the wire and in logs.
            settings: of the server.
            clock: for the age of what was sent.
            new_id: for events made here.
            tasks: of the session.
            take: takes in what clients send.
            has_left: told when it is gone for good; with a code if it was cut off.
        """
        self._session_id = session_id
        self._settings = settings
        self._new_id = new_id
        self._tasks = tasks
        self._take = take
        self._has_left = has_left
        self._resume_token = resume_token
        self._primary = Primary(
            self._connection(transport, extensions),
            clock,
            None if resume_token is None else settings.resume_s,
        )
        self._sidebands = Sidebands()
        self._waits = True
        self._is_over = False

    @property
    def want_extensions(self) -> bool:
        """Whether anybody asked for `vivavoce.*` events."""
        return self._primary.connection.extensions or self._sidebands.want_extensions

    @property
    def has_room_for_sideband(self) -> bool:
        """Whether one more may be attached."""
        return not self._sidebands.is_full

    @property
    def is_first_away(self) -> bool:
        """Whether the one that the session began with is waited for."""
        return self._primary.is_away

    @property
    def unsent_bytes(self) -> int:
        """What waits for the first one to read."""
        return self._primary.connection.unsent_bytes

    # --- what they are told ---

    def send(self, event: ServerEvent, to: int | None = None) -> None:
        """Let an event be sent to the connection that asked, to `SIDEBANDS`, or to all (None)."""
        entry = sized(event)
        if to is None or to == PRIMARY:
            self._primary.put(entry)
        if self._sidebands and to != PRIMARY:
            self._sidebands.put(entry, to)

    def offer_return(self) -> None:
        """Tell the first one how to come back, if it asked to."""
        if self._resume_token is not None:
            self._primary.put(
                sized(
                    VivavoceSessionResumable(
                        event_id=self._new_id("event"),
                        resume_token=self._resume_token,
                        resume_within_s=self._settings.resume_s,
                    )
                )
            )

    async def wait_for_room(self) -> None:
        """Wait until the first one has taken enough; nobody waits for sidebands."""
        await self._primary.wait_for_room()

    # --- how they come and go ---

    async def hold_first(self) -> None:
        """Hold the first connection to its end."""
        await self._hold(self._primary.connection)

    def greets(self, opened: SidebandOpened) -> None:
        """Let a sideband hear what comes from now on."""
        self._sidebands.open(opened.connection)

    async def attach(self, transport: Transport, *, extensions: bool) -> None:
        """Hold a sideband until it or the session ends; neither ends the other."""
        number = self._sidebands.next_number()
        opened = SidebandOpened(number, extensions)
        connection = self._connection(transport, extensions, opened=opened)
        SESSION_ID.set(self._session_id)
        LOG.info("sideband %d attached", number)
        self._sidebands.join(connection)
        if self._is_over:
            connection.finish(NORMAL)
        try:
            await connection.talk()
        finally:
            self._sidebands.leave(connection)
            await connection.close()
            LOG.info("sideband %d ended, code %d", number, connection.close_with.code)

    async def resume(self, transport: Transport, after: str) -> None:
        """Go on over a new connection; return when that has ended.

        Raises:
            ProtocolError: the session is over, or what came after is no longer kept.
        """
        self._check_resumable(after)
        SESSION_ID.set(self._session_id)
        while (old := self._primary.connection).may_read:
            await old.stop_reading()
        old.cut_off(REPLACED)
        self._check_resumable(after)  # once more: the session has gone on meanwhile
        connection = self._successor(transport, old, after)
        await asyncio.wait([self._tasks.create_task(self._hold(connection))])

    def drop_first(self, code: int) -> None:
        """Lose the connection of the first one as if the network had failed."""
        connection = self._primary.connection
        connection.cut_off(Close(code, ""))
        self._note_end(connection)

    def wait_for_nobody(self) -> None:
        """From now on a lost connection is an end."""
        self._waits = False

    def finish(self, close: Close) -> None:
        """End all connections once what waits for them is sent; sidebands with a plain 1000."""
        self._is_over = True
        self._primary.finish(close)
        self._sidebands.finish(NORMAL)

    def _connection(
        self,
        transport: Transport,
        extensions: bool,
        *,
        opened: SidebandOpened | None = None,
        backlog: Sequence[Waiting] = (),
    ) -> Connection:
        return Connection(
            transport,
            self._take,
            self._settings.client_stall_s,
            opened=opened,
            extensions=extensions,
            backlog=backlog,
        )

    async def _hold(self, connection: Connection) -> None:
        try:
            await connection.talk()
            self._note_end(connection)
        finally:
            await connection.close()

    def _note_end(self, connection: Connection) -> None:
        primary = self._primary
        if connection is not primary.connection or primary.is_away or self._is_over:
            return
        if connection.is_lost and primary.may_return and self._waits:
            LOG.info("the client is lost; it has %g s to come back", self._settings.resume_s)
            self._tasks.create_task(self._await_return(primary.leave()))
        else:
            is_cut_off = connection.close_with != NORMAL
            self._has_left(connection.close_with if is_cut_off else None)

    async def _await_return(self, is_back: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._settings.resume_s):
                await is_back.wait()
        except TimeoutError:
            if not is_back.is_set():
                LOG.info("the client did not come back in %g s", self._settings.resume_s)
                self._has_left(NORMAL)

    def _check_resumable(self, after: str) -> None:
        if self._is_over or not self._primary.may_return:
            raise not_resumable()
        self._primary.missed(after)

    def _successor(self, transport: Transport, old: Connection, after: str) -> Connection:
        missed = self._primary.missed(after)
        resumed = VivavoceSessionResumed(
            event_id=self._new_id("event"),
            session_id=self._session_id,
            client_events_received=self._primary.n_received,
            events_missed=len(missed),
        )
        connection = self._connection(transport, old.extensions, backlog=[sized(resumed), *missed])
        self._primary.take_place(connection, resumed.event_id, after)
        LOG.info("the client is back, %d events were missed", len(missed))
        return connection


def not_resumable() -> ProtocolError:
    """Return the refusal of a token that leads nowhere, whatever the reason is."""
    return ProtocolError(
        "No session waits for this token: it has ended, its time to come back is over, or it is "
        "another key's. Begin a new session.",
        code="resume_token_unknown",
        param="resume",
    )
