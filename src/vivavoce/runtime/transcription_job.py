"""One recognition under way: audio in as it is heard, words out as they are understood."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Self

from vivavoce.core.inputs import Input, TranscriptionProgress
from vivavoce.core.outputs import StartTranscription
from vivavoce.errors import EngineError
from vivavoce.interfaces import AudioOrPause, SpeechPaused, SpeechResumed, Transcriber, Transcript
from vivavoce.media.pcm import BYTES_PER_MS, Pcm
from vivavoce.runtime.jobs import Watch

MAX_UNREAD_BYTES = 15 * 60 * 1000 * BYTES_PER_MS
"""As much as the input buffer may hold: an engine this far behind will not catch up."""


class AudioFeed:
    """The audio of one item as the transcriber iterates it; putting never waits."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[AudioOrPause | None] = asyncio.Queue()
        self._unread_bytes = 0

    def put(self, data: bytes) -> bool:
        """Add audio. False, and nothing is taken, if the engine is hopelessly behind."""
        if self._unread_bytes + len(data) > MAX_UNREAD_BYTES:
            return False
        self._unread_bytes += len(data)
        self._waiting.put_nowait(Pcm(data))
        return True

    def pause(self) -> None:
        """Tell that the speaker fell silent."""
        self._waiting.put_nowait(SpeechPaused())

    def resume(self) -> None:
        """Tell that the speaker went on."""
        self._waiting.put_nowait(SpeechResumed())

    def end(self) -> None:
        """Tell that nothing follows."""
        self._waiting.put_nowait(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AudioOrPause:
        entry = await self._waiting.get()
        if entry is None:
            self._waiting.put_nowait(None)  # whoever asks again gets the same answer
            raise StopAsyncIteration
        if isinstance(entry, Pcm):
            self._unread_bytes -= len(entry.data)
        return entry


class TranscriptionJob:
    """Runs once; `feed` takes the audio."""

    def __init__(
        self,
        order: StartTranscription,
        *,
        transcriber: Transcriber,
        post: Callable[[Input], Awaitable[None]],
    ) -> None:
        self._order = order
        self._transcriber = transcriber
        self._post = post
        self._watch: Watch | None = None
        self._has_ended = False
        self.feed = AudioFeed()

    def end(self) -> None:
        """Ask for the transcript: no more audio comes."""
        self._has_ended = True
        self.feed.end()
        if self._watch is not None:
            self._watch.engine_is_asked()

    async def run(self, watch: Watch) -> None:
        """Follow the audio and post every event.

        Raises:
            EngineError: the transcriber gave up, or ended without a transcript.
        """
        self._watch = watch
        stream = self._transcriber.transcribe(self.feed, self._order.hints)
        async with aclosing(stream) as events:
            self._ask(watch)
            async for event in events:
                watch.engine_has_answered()
                await self._post(TranscriptionProgress(self._order.item_id, event))
                if isinstance(event, Transcript):
                    return
                self._ask(watch)
        raise EngineError("The transcription ended without a transcript.")

    def _ask(self, watch: Watch) -> None:
        """While somebody speaks, silence of the transcriber is no stall."""
        if self._has_ended:
            watch.engine_is_asked()
