"""Another realtime service as the engine: it hears, thinks and speaks; the session stays ours.

One connection for each session, kept from answer to answer. Turns, transcripts, limits, recordings
and the conversation are ours; upstream, turn detection is off, and the conversation there follows
ours: only what is new is sent.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from vivavoce.engines.http_client import Endpoint, HttpClient, open_client, parse_endpoint
from vivavoce.engines.responders.realtime_answer import AnswerReader, UpstreamAnswer
from vivavoce.engines.responders.realtime_connection import ENDED, UpstreamConnection
from vivavoce.engines.responders.realtime_settings import Options, UpstreamSettings
from vivavoce.engines.responders.writing import ResponderAsWriter
from vivavoce.interfaces import (
    FRAME_MS,
    Finished,
    Prompt,
    ResponderEngine,
    ResponseEvent,
    ResponseRequest,
    Stream,
)

MAX_END_S = 5.0
"""For a service to end an answer; one that does not would keep the next one waiting."""
MAX_MESSAGE_BYTES = 32 << 20
"""A delta has a second of sound at most; an item that is shown again has all of it."""


@asynccontextmanager
async def open_engine(settings: Mapping[str, object]) -> AsyncGenerator[ResponderEngine, None]:
    """Open a responder; nothing is asked of the service before a session begins.

    Raises:
        ConfigError: a setting can't be used.
    """
    endpoint, options = parse_endpoint(settings, Options)
    async with open_client(endpoint, "realtime service") as client:
        try:
            async with asyncio.TaskGroup() as tasks:
                responder = RealtimeResponder(client, endpoint, options, tasks)
                try:
                    yield _engine(responder, options)
                finally:
                    responder.close()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None  # its user's: connections raise nothing


def _engine(responder: "RealtimeResponder", options: Options) -> ResponderEngine:
    writer = ResponderAsWriter(
        responder,
        window_tokens=options.window_tokens,
        reasoning_efforts=options.reasoning_efforts,
        prefill=responder.prepare_session,
        release=responder.release,
    )
    return ResponderEngine(responder=responder, language_model=writer, voices=tuple(options.voices))


@dataclass
class _Link:
    """A session of ours, and its connection upstream if there is one."""

    connection: UpstreamConnection | None = None
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)


class RealtimeResponder:
    """Passes answers through; shared by all sessions."""

    prepare_after_ms = FRAME_MS
    hears_audio = True

    def __init__(
        self, client: HttpClient, endpoint: Endpoint, options: Options, tasks: asyncio.TaskGroup
    ) -> None:
        self._client = client
        self._model = endpoint.model
        self._timeout_s = endpoint.timeout_s
        self.sees_pictures = options.vision
        self._settings = UpstreamSettings(options, endpoint.extra_body)
        self._tasks = tasks
        self._links: dict[str, _Link] = {}

    async def respond(self, request: ResponseRequest) -> Stream[ResponseEvent]:
        """Make one answer.

        Raises:
            EngineError: the service failed or refused, or its answer can't be understood.
        """
        prompt = request.prompt
        answer = UpstreamAnswer(in_conversation=not prompt.out_of_band)
        reader = AnswerReader(self._client, request)
        connection = await self._connection(prompt.session_id)
        try:
            async with self._patience(connection):
                await self._ask(connection, answer, request)
            while True:
                async with self._patience(connection):
                    news = await answer.next_event()
                for event in reader.read(news):
                    yield event
                    if isinstance(event, Finished):
                        return
        finally:
            connection.leave(answer)

    async def prepare_session(self, prompt: Prompt) -> None:
        """Connect ahead of the first answer, and show the service what is new in between.

        Raises:
            EngineError: the service can't be reached.
        """
        if prompt.out_of_band:
            return
        connection = await self._connection(prompt.session_id)
        if connection.is_idle:
            connection.configure(self._settings.of_conversation(prompt, connection.is_told))
            connection.send(connection.conversation.bring_in_line(prompt.items))

    def release(self, session_id: str) -> None:
        """Close the connection of a session that is over."""
        link = self._links.pop(session_id, None)
        if link is not None and link.connection is not None:
            link.connection.end(ENDED)

    def close(self) -> None:
        """Close all connections."""
        for session_id in list(self._links):
            self.release(session_id)

    async def _ask(
        self, connection: UpstreamConnection, answer: UpstreamAnswer, request: ResponseRequest
    ) -> None:
        await connection.turn_to_ask(in_conversation=answer.in_conversation)
        prompt, conversation = request.prompt, connection.conversation
        if answer.in_conversation:
            connection.configure(self._settings.of_answer(request))
            connection.send(conversation.bring_in_line(prompt.items))
            connection.ask(answer, self._settings.of_response(prompt))
            return
        if not connection.is_told:
            connection.configure(self._settings.of_answer(request))
        own = self._settings.of_answer_aside(request)
        connection.ask(answer, {**own, "input": conversation.as_input(prompt.items)})

    async def _connection(self, session_id: str) -> UpstreamConnection:
        link = self._links.setdefault(session_id, _Link())
        async with link.opening:
            if link.connection is None or not link.connection.is_open:
                socket = await self._client.open_socket(
                    "/realtime", {"model": self._model}, max_message_bytes=MAX_MESSAGE_BYTES
                )
                link.connection = UpstreamConnection(
                    socket, self._client, end_s=min(self._timeout_s, MAX_END_S)
                )
                self._tasks.create_task(link.connection.run(), name="realtime service")
            return link.connection

    @asynccontextmanager
    async def _patience(self, connection: UpstreamConnection) -> AsyncGenerator[None, None]:
        """Give a service up that says nothing."""
        try:
            async with asyncio.timeout(self._timeout_s):
                yield
        except TimeoutError:
            why = f"said nothing for {self._timeout_s:g} s."
            connection.end(why)
            raise self._client.error(why) from None
