"""One WebSocket to a realtime service: one conversation upstream, several answers at most at once.

One task reads it and deals the events out to the answers, one writes what waits to be sent. Whoever
asks waits until nobody else is about to begin, so that the next `response.created` is surely the
one that was asked for.
"""

import asyncio
import logging
from collections.abc import Sequence

import aiohttp
import msgspec

from vivavoce.engines.http_client import HttpClient
from vivavoce.engines.responders.realtime_answer import UpstreamAnswer
from vivavoce.engines.responders.realtime_events import ErrorBody, UpstreamEvent
from vivavoce.engines.responders.realtime_items import LENIENT, UpstreamConversation
from vivavoce.engines.responders.realtime_settings import Json

LOG = logging.getLogger(__name__)

CREATE = "create"
"""Begins the ids of events that ask for an answer."""
ENDED = "ended the connection."


class UpstreamConnection:
    """An open WebSocket and what is known of its other end."""

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, client: HttpClient, *, end_s: float
    ) -> None:
        """Take over an open socket.

        Args:
            socket: nothing was sent over it.
            client: makes errors.
            end_s: an answer that goes on for so long after nobody wants it ends the connection.
        """
        self._socket = socket
        self._client = client
        self._end_s = end_s
        self.conversation = UpstreamConversation()
        self._told: Json = {}
        """The fields of the session, as they were last sent."""
        self._end: str | None = None
        """Why it ended; None: it has not."""
        self._answers: dict[str, UpstreamAnswer] = {}
        self._asked: UpstreamAnswer | None = None
        """The answer whose beginning is awaited."""
        self._speaking: UpstreamAnswer | None = None
        """The answer that writes to the conversation."""
        self._n_asked = 0
        self._unsent: asyncio.Queue[Json | None] = asyncio.Queue()
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether it may be used."""
        return self._end is None

    @property
    def is_told(self) -> bool:
        """Whether it was told anything of the session."""
        return bool(self._told)

    @property
    def is_idle(self) -> bool:
        """Whether no answer in the conversation is under way."""
        return self._asked is None and self._speaking is None

    async def run(self) -> None:
        """Read and write until the connection ends; never raises but when cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                writing = tasks.create_task(self._write())
                await self._read()
                writing.cancel()
        except* (aiohttp.ClientError, OSError):
            pass
        except* msgspec.MsgspecError:
            self.end("sent what can't be understood.")
        except* Exception:
            LOG.exception("following a realtime service broke")
        finally:
            self.end(ENDED)
            await self._socket.close()

    async def turn_to_ask(self, *, in_conversation: bool) -> None:
        """Wait until an answer may be asked for; `ask` must follow without any waiting.

        Raises:
            EngineError: the connection ended.
        """
        while self.is_open and (self._asked or (in_conversation and self._speaking)):
            await self._changed.wait()
        if self._end is not None:
            raise self._client.error(self._end)

    def configure(self, session: Json) -> None:
        """Tell the session those of its fields that it was not told yet."""
        news = {name: value for name, value in session.items() if self._told.get(name) != value}
        if news:
            self._told |= news
            self.send([{"type": "session.update", "session": {"type": "realtime", **news}}])

    def send(self, events: Sequence[Json]) -> None:
        """Send events in order, as soon as the service takes them."""
        for event in events:
            self._unsent.put_nowait(event)

    def ask(self, answer: UpstreamAnswer, response: Json) -> None:
        """Ask for an answer, which receives the events; `response` has its fields."""
        assert self._asked is None
        self._n_asked += 1
        self._asked = answer
        if answer.in_conversation:
            self._speaking = answer
        event_id = f"{CREATE}_{self._n_asked}"
        self.send([{"type": "response.create", "event_id": event_id, "response": response}])

    def leave(self, answer: UpstreamAnswer) -> None:
        """Have the service end an answer that nobody reads any more, if it has not ended."""
        if answer.is_over:
            return
        answer.is_abandoned = True
        if answer.response_id:
            self._cancel(answer)
        asyncio.get_running_loop().call_later(self._end_s, self._give_up, answer)

    def end(self, why: str) -> None:
        """Fail whatever is under way, and close; only the first reason counts."""
        if self._end is None:
            self._end = why
            self._unsent.put_nowait(None)
        for answer in [*self._answers.values(), *([self._asked] if self._asked else [])]:
            answer.fail(self._client.error(self._end))
            self._forget(answer)
        self._tell()

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                self._take(msgspec.json.decode(message.data, type=UpstreamEvent))
                self._tell()

    async def _write(self) -> None:
        while (event := await self._unsent.get()) is not None:
            await self._socket.send_str(msgspec.json.encode(event).decode())
        await self._socket.close()

    def _take(self, event: UpstreamEvent) -> None:
        if event.type == "error":
            self._take_error(event.error or ErrorBody())
            return
        if event.type == "response.created" and self._asked is not None:
            answer, self._asked = self._asked, None
            answer.response_id = event.of_response or ""
            self._answers[answer.response_id] = answer
            if answer.is_abandoned:
                self._cancel(answer)
        found = self._answers.get(event.of_response or "")
        if found is not None:
            found.take(event)
            if found.is_over:
                self._forget(found)

    def _take_error(self, error: ErrorBody) -> None:
        caused_by = error.event_id or ""
        if caused_by.startswith(LENIENT):
            return
        why = f"refused: {error.message or error.code}"
        asked = self._asked
        if asked is not None and caused_by == f"{CREATE}_{self._n_asked}":
            asked.fail(self._client.error(why))
            self._forget(asked)
        else:
            # The conversation there is not what we took it for: the next answer begins anew.
            self.end(why)

    def _cancel(self, answer: UpstreamAnswer) -> None:
        event_id, response_id = f"{LENIENT}_{answer.response_id}", answer.response_id
        cancel: Json = {"type": "response.cancel", "event_id": event_id, "response_id": response_id}
        self.send([cancel])

    def _give_up(self, answer: UpstreamAnswer) -> None:
        if not answer.is_over:
            self.end("went on with an answer that it was told to end.")

    def _forget(self, answer: UpstreamAnswer) -> None:
        self._answers.pop(answer.response_id, None)
        if self._asked is answer:
            self._asked = None
        if self._speaking is answer:
            self._speaking = None
            self.conversation.add(answer.items)

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
