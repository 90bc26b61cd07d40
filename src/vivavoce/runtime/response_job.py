"""One answer under way: from the responder to the inbox, at the pace the client can take."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing

from vivavoce.core.inputs import Input, ResponseProgress
from vivavoce.core.outputs import StartResponse
from vivavoce.errors import EngineError
from vivavoce.interfaces import (
    AudioDelta,
    Finished,
    PhaseStarted,
    PromptRead,
    Responder,
    ResponseEvent,
    TextDelta,
    ToolCallStarted,
)
from vivavoce.media.formats import WireEncoder, wire_bytes_per_ms
from vivavoce.runtime.jobs import Watch
from vivavoce.runtime.prepared_room import PreparedRoom

PIECE_MS = 200
"""Longest audio delta: long enough to cost little, short enough to pass any client's limits."""


class ResponseJob:
    """Runs once. `release` may be called at any time before or during `run`."""

    def __init__(
        self,
        order: StartResponse,
        *,
        responder: Responder,
        post: Callable[[Input], Awaitable[None]],
        prepared_room: PreparedRoom,
        max_lead_s: float,
    ) -> None:
        self._order = order
        self._responder = responder
        self._post = post
        self._prepared_room = prepared_room
        self._has_place = False
        self._encoder = WireEncoder(order.format)
        self._bytes_per_ms = wire_bytes_per_ms(order.format)
        self._max_lead_bytes = int(max_lead_s * 1000) * self._bytes_per_ms
        self._audio_bytes = 0
        self._released = asyncio.Event()
        if not order.prepared:
            self._released.set()

    def release(self) -> None:
        """Lift the limits of a prepared answer: somebody asked for it."""
        self._released.set()
        self._give_back_place()

    async def run(self, watch: Watch) -> None:
        """Make the answer and post every event.

        Raises:
            EngineError: the responder gave up, or ended without `Finished`.
        """
        try:
            await self._wait_for_place()
            async with aclosing(self._responder.respond(self._order.request)) as events:
                watch.engine_is_asked()
                async for event in events:
                    watch.engine_has_answered()
                    if not isinstance(event, PromptRead):  # it only says that the engine is alive
                        await self._report(event)
                    if isinstance(event, Finished):
                        return
                    watch.engine_is_asked()
        finally:
            self._give_back_place()
        raise EngineError("The answer ended without an end.")

    async def _wait_for_place(self) -> None:
        """Without a free place a prepared answer starts when it is released, not before."""
        if self._released.is_set():
            return
        self._has_place = self._prepared_room.take()
        if not self._has_place:
            await self._released.wait()

    def _give_back_place(self) -> None:
        if self._has_place:
            self._has_place = False
            self._prepared_room.give_back()

    async def _report(self, event: ResponseEvent) -> None:
        match event:
            case AudioDelta(data):
                await self._report_audio(self._encoder.push(data))
            case TextDelta():
                await self._report_one(event)
            case PhaseStarted() | ToolCallStarted() | Finished():
                # The last samples wait in the resampler; nothing of the sound may follow these.
                await self._report_audio(self._encoder.flush())
                self._encoder = WireEncoder(self._order.format)
                await self._report_one(event)
            case _:
                await self._report_one(event)

    async def _report_audio(self, data: bytes) -> None:
        for piece in pieces(data, PIECE_MS * self._bytes_per_ms):
            if self._audio_bytes >= self._max_lead_bytes:
                await self._released.wait()
            self._audio_bytes += len(piece)
            await self._report_one(AudioDelta(piece))

    async def _report_one(self, event: ResponseEvent) -> None:
        await self._post(ResponseProgress(self._order.request.response_id, event))


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    """Cut into pieces of `size` bytes; the last may be shorter. Nothing gives nothing."""
    for start in range(0, len(data), size):
        yield data[start : start + size]
