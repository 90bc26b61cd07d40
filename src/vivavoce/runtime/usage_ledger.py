"""What every key uses, added up in memory and written down every few seconds."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from vivavoce.clock import Clock
from vivavoce.core.inputs import Input
from vivavoce.core.outputs import FeedTranscription, Output, Send
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.response import Usage as ResponseUsage
from vivavoce.protocol.response_events import ResponseDone
from vivavoce.records import Usage, UsagePlace, UsageRecord
from vivavoce.runtime.turn_timing import Timing

LOG = logging.getLogger(__name__)

WRITE_EVERY_S = 5.0
"""As much is lost when the machine loses power."""

Write = Callable[[Sequence[UsageRecord]], Awaitable[None]]
"""Adds to what is kept; raises OSError if the disk does not take it."""


class UsageLedger:
    """Holds what is not written yet: one record for each key, day and model, however much it is."""

    def __init__(self, clock: Clock, write: Write, every_s: float = WRITE_EVERY_S) -> None:
        """Begin with nothing used.

        Args:
            clock: of the server.
            write: adds to what is kept.
            every_s: how often `write_regularly` does.
        """
        self._clock = clock
        self._write = write
        self._every_s = every_s
        self._waiting: dict[UsagePlace, Usage] = {}
        self._writing = asyncio.Lock()

    def of_session(self, key: str, model: str) -> "SessionUsage":
        """Return the observer of a session that begins now."""
        return SessionUsage(self, key, model, self._clock.now())

    def add(self, key: str, model: str, used: Usage) -> None:
        """Note what was used just now."""
        day = datetime.fromtimestamp(self._clock.wall(), UTC).date().isoformat()
        self._waiting.setdefault(UsagePlace(day, key, model), Usage()).add(used)

    async def write(self) -> None:
        """Write what waits; what the disk does not take goes on waiting."""
        async with self._writing:
            waiting, self._waiting = self._waiting, {}
            if not waiting:
                return
            records = [UsageRecord(place=place, usage=used) for place, used in waiting.items()]
            try:
                await self._write(records)
            except OSError as error:
                LOG.warning("cannot write down usage: %s", error)
                for record in records:
                    self._waiting.setdefault(record.place, Usage()).add(record.usage)

    async def write_regularly(self) -> None:
        """Write every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            await self.write()


class SessionUsage:
    """Observer of one session."""

    def __init__(self, ledger: UsageLedger, key: str, model: str, now: float) -> None:
        self._ledger = ledger
        self._key = key
        self._model = model
        self._started = now
        self._fed_bytes = 0
        self._add(Usage(sessions=1))

    def saw(self, now: float, item: Input, outputs: Sequence[Output]) -> None:
        """See `Observer`."""
        for output in outputs:
            match output:
                case Send(ResponseDone(response=response)):
                    self._add(_used_by(response.usage))
                    self._add_fed()
                case FeedTranscription(data=data):
                    self._fed_bytes += len(data)
                case _:
                    pass

    def timed(self, timing: Timing) -> None:
        """See `Observer`: nothing is counted by its length."""

    def ended(self, now: float) -> None:
        """See `Observer`."""
        self._add(Usage(session_s=now - self._started))
        self._add_fed()

    def _add_fed(self) -> None:
        # Sound comes in pieces of a few milliseconds: they are added up here first.
        seconds, self._fed_bytes = self._fed_bytes / BYTES_PER_MS / 1000, 0
        if seconds:
            self._add(Usage(transcribed_s=seconds))

    def _add(self, used: Usage) -> None:
        self._ledger.add(self._key, self._model, used)


def _used_by(usage: ResponseUsage | None) -> Usage:
    if usage is None:
        return Usage(responses=1)
    given, made = usage.input_token_details, usage.output_token_details
    return Usage(
        responses=1,
        input_tokens=usage.input_tokens,
        input_text_tokens=given.text_tokens,
        input_audio_tokens=given.audio_tokens,
        cached_tokens=given.cached_tokens,
        output_tokens=usage.output_tokens,
        output_text_tokens=made.text_tokens,
        output_audio_tokens=made.audio_tokens,
    )
