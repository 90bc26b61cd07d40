"""The stream of one chat completion; what its chunks mean is the reader's affair."""

from collections.abc import Iterable, Mapping
from contextlib import aclosing
from typing import Protocol, TypeVar

from vivavoce.engines.http_client import HttpClient, decoded, event_data, read_to_end
from vivavoce.engines.language_models.chat_chunks import Chunk
from vivavoce.interfaces import Stream

Event_co = TypeVar("Event_co", covariant=True)
Event = TypeVar("Event")


class ChunkReader(Protocol[Event_co]):
    """Turns the chunks of one answer into events."""

    def read(self, chunk: Chunk) -> Iterable[Event_co]:
        """Take one chunk."""
        ...

    def end(self, *, is_done: bool) -> Iterable[Event_co]:
        """Take the end; `is_done` says whether the server announced it."""
        ...


async def chat_events(
    client: HttpClient, body: Mapping[str, object], reader: ChunkReader[Event]
) -> Stream[Event]:
    """Ask for one answer and yield what the reader makes of it.

    Raises:
        EngineError: the server failed, or its answer can't be understood.
    """
    is_done = False
    async with (
        client.post_json("/chat/completions", body) as response,
        aclosing(event_data(response, client)) as events,
    ):
        async for data in events:
            if is_done := data == b"[DONE]":
                await read_to_end(response)
                break
            for event in reader.read(decoded(data, Chunk, client)):
                yield event
    for event in reader.end(is_done=is_done):
        yield event
