"""One answer of a realtime service: from its events to those of a responder."""

import asyncio
from collections.abc import Iterator
from typing import Literal

import msgspec
import pybase64

from vivavoce.engines.http_client import HttpClient
from vivavoce.engines.responders.realtime_events import (
    InputTokenDetails,
    OutputItem,
    StatusDetails,
    UpstreamEvent,
    UpstreamResponse,
    Usage,
)
from vivavoce.engines.responders.realtime_items import UpstreamItem
from vivavoce.engines.responders.spoken_order import SpokenOrder
from vivavoce.errors import EngineError
from vivavoce.interfaces import (
    Finished,
    PhaseStarted,
    ResponseEvent,
    ResponseRequest,
    TextDelta,
    ToolCallDelta,
    ToolCallFinished,
    ToolCallStarted,
)


class UpstreamAnswer:
    """What one answer has brought so far, for its reader and for the conversation upstream."""

    def __init__(self, *, in_conversation: bool) -> None:
        self.in_conversation = in_conversation
        self.response_id = ""
        """Empty until the service has begun."""
        self.is_over = False
        self.is_abandoned = False
        """Whether nobody reads it any more."""
        self.items: list[UpstreamItem] = []
        """What it adds to the conversation."""
        self._unread: asyncio.Queue[UpstreamEvent | EngineError] = asyncio.Queue()

    def take(self, event: UpstreamEvent) -> None:
        """Note an event of the service."""
        self._note(event)
        if not self.is_abandoned:
            self._unread.put_nowait(event)

    def fail(self, error: EngineError) -> None:
        """Note that there will be no more events."""
        self.is_over = True
        self._unread.put_nowait(error)

    async def next_event(self) -> UpstreamEvent:
        """Wait for the next event.

        Raises:
            EngineError: there is none.
        """
        event = await self._unread.get()
        if isinstance(event, EngineError):
            raise event
        return event

    def _note(self, event: UpstreamEvent) -> None:
        match event.type:
            case "response.done":
                self.is_over = True
            case "response.output_item.added" if event.item is not None:
                self._begin_item(event.item)
            case "response.output_item.done" if event.item is not None:
                self._end_item(event.item)
            case "response.output_audio_transcript.delta" | "response.output_text.delta":
                self._add_words(event.delta)
            case _:
                pass

    def _begin_item(self, item: OutputItem) -> None:
        if item.type == "function_call":
            self.items.append(UpstreamItem(("call", item.name, ""), [item.id], item.call_id))
        elif item.type == "message" and self._goes_on(item):
            self.items[-1].item_ids.append(item.id)
        elif item.type == "message":
            self.items.append(UpstreamItem(("assistant", ""), [item.id]))

    def _goes_on(self, item: OutputItem) -> bool:
        """Whether the session takes a message for more of the one before."""
        return not item.phase and bool(self.items) and self.items[-1].call_id is None

    def _end_item(self, item: OutputItem) -> None:
        for made in self.items:
            if item.type == "function_call" and item.id in made.item_ids:
                made.key = ("call", item.name, item.arguments)
                made.call_id = item.call_id

    def _add_words(self, words: str) -> None:
        if self.items and self.items[-1].call_id is None:
            role, said = self.items[-1].key
            self.items[-1].key = (role, said + words)


class AnswerReader:
    """Turns the events of one answer into those of a responder."""

    def __init__(self, client: HttpClient, request: ResponseRequest) -> None:
        self._client = client
        self._is_spoken = request.modality == "audio"
        self._order = SpokenOrder(request.speed)

    def read(self, event: UpstreamEvent) -> Iterator[ResponseEvent]:
        """Yield what an event brings.

        Raises:
            EngineError: the answer failed, or can't be understood.
        """
        match event.type:
            case "response.output_item.added" if event.item is not None and event.item.phase:
                yield PhaseStarted(event.item.phase)
            case "response.output_text.delta" if not self._is_spoken:
                yield TextDelta(event.delta)
            case "response.output_audio_transcript.delta" | "response.output_text.delta":
                self._order.push_words(event.delta)
            case "response.output_audio.delta":
                yield from self._order.push_sound(self._sound(event.delta))
            case "response.output_item.done" if event.item is not None:
                yield from self._order.flush()
                if event.item.type == "function_call":
                    yield from self._call(event.item)
            case "response.done" if event.response is not None:
                yield from self._order.flush()
                yield self._end(event.response)
            case _:
                pass

    def _sound(self, delta: str) -> bytes:
        try:
            return pybase64.b64decode(delta, validate=True)
        except ValueError as error:
            raise self._client.error("sent sound that is no base64.") from error

    def _call(self, item: OutputItem) -> Iterator[ResponseEvent]:
        """Yield a call whole, when it is: nobody can do anything with half of one."""
        yield ToolCallStarted(item.name)
        if item.arguments:
            yield ToolCallDelta(item.arguments)
        if item.status == "incomplete":
            return
        try:
            msgspec.json.decode(item.arguments)
        except msgspec.DecodeError as error:
            raise self._client.error("made a call whose arguments are not JSON.") from error
        yield ToolCallFinished()

    def _end(self, response: UpstreamResponse) -> Finished:
        usage = response.usage or Usage()
        details = usage.input_token_details or InputTokenDetails()
        why = response.status_details or StatusDetails()
        match response.status:
            case "completed":
                return Finished("stop", usage.input_tokens, details.cached_tokens)
            case "incomplete":
                is_filtered = why.reason == "content_filter"
                reason: Literal["content_filter", "max_output_tokens"] = (
                    "content_filter" if is_filtered else "max_output_tokens"
                )
                return Finished(reason, usage.input_tokens, details.cached_tokens)
            case _:
                said = why.error.message if why.error is not None else why.reason
                raise self._client.error(f"gave up: {said or response.status}")
