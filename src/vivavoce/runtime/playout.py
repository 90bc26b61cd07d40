"""The sound of answers on its way to the ear: queued here, drained at the pace of speech.

What is cut by an interruption must not lie anywhere else, so the media engine gets 20 ms at a time.
Times are counted in samples; nothing here looks at a clock.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from vivavoce.core.inputs import PlaybackCleared, PlaybackEnded, PlaybackStarted, PlayedItem
from vivavoce.media.pcm import BYTES_PER_MS

FRAME_MS = 20
FRAME_BYTES = FRAME_MS * BYTES_PER_MS
ROOM_BYTES = 15_000 * BYTES_PER_MS
"""Producers pause while more waits to be played: 15 s, 0.7 MB."""
Report = PlaybackStarted | PlaybackEnded


@dataclass(slots=True)
class _Piece:
    item_id: str
    data: bytes
    n_played: int = 0


@dataclass(slots=True)
class _Utterance:
    """The sound of one response."""

    pieces: deque[_Piece] = field(default_factory=deque)
    played_bytes: dict[str, int] = field(default_factory=dict)
    """By item, in their order; also of items of which nothing was played yet."""
    has_begun: bool = False
    is_whole: bool = False

    def cut(self) -> tuple[PlayedItem, ...]:
        """Return the items that were not played to their end."""
        unplayed = {piece.item_id for piece in self.pieces}
        if not self.is_whole and self.played_bytes:
            unplayed.add(next(reversed(self.played_bytes)))  # more of it was still to come
        return tuple(
            PlayedItem(item_id, n_bytes // BYTES_PER_MS)
            for item_id, n_bytes in self.played_bytes.items()
            if item_id in unplayed
        )


class Playout:
    """Belongs to one call. Responses are played one after the other, whole."""

    def __init__(self) -> None:
        self._utterances: dict[str, _Utterance] = {}
        self._unplayed_bytes = 0
        self._reports: asyncio.Queue[Report] = asyncio.Queue()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_through = asyncio.Event()
        self._is_through.set()

    @property
    def unplayed_ms(self) -> int:
        """How much sound waits."""
        return self._unplayed_bytes // BYTES_PER_MS

    def add(self, response_id: str, item_id: str, data: bytes) -> None:
        """Queue sound, 24 kHz 16-bit mono; behind that of the responses that began before."""
        utterance = self._utterances.setdefault(response_id, _Utterance())
        utterance.pieces.append(_Piece(item_id, data))
        utterance.played_bytes.setdefault(item_id, 0)
        self._count(len(data))

    def finish(self, response_id: str) -> None:
        """Note that no more sound of a response comes."""
        if (utterance := self._utterances.get(response_id)) is not None:
            utterance.is_whole = True

    def clear(self) -> list[PlaybackCleared]:
        """Drop everything; return what was heard of each response that was not through."""
        cleared = [
            PlaybackCleared(response_id, utterance.cut())
            for response_id, utterance in self._utterances.items()
        ]
        self._utterances.clear()
        self._count(-self._unplayed_bytes)
        return cleared

    def next_frame(self) -> bytes:
        """Return the next 20 ms: 960 bytes, filled up with silence."""
        frame = b""
        while self._utterances:
            response_id, utterance = next(iter(self._utterances.items()))
            frame += self._taken(response_id, utterance, FRAME_BYTES - len(frame))
            if utterance.pieces or not utterance.is_whole:
                break
            del self._utterances[response_id]
            self._reports.put_nowait(PlaybackEnded(response_id))
        return frame if len(frame) == FRAME_BYTES else frame.ljust(FRAME_BYTES, b"\0")

    async def report(self) -> Report:
        """Wait for what the session is to be told next."""
        return await self._reports.get()

    async def wait_for_room(self) -> None:
        """Wait until enough was played of what was made before."""
        await self._has_room.wait()

    async def wait_until_played(self) -> None:
        """Wait until nothing waits to be played."""
        await self._is_through.wait()

    def _taken(self, response_id: str, utterance: _Utterance, n_wanted: int) -> bytes:
        taken = b""
        while utterance.pieces and len(taken) < n_wanted:
            piece = utterance.pieces[0]
            part = piece.data[piece.n_played : piece.n_played + n_wanted - len(taken)]
            taken += part
            piece.n_played += len(part)
            utterance.played_bytes[piece.item_id] += len(part)
            if piece.n_played == len(piece.data):
                utterance.pieces.popleft()
        if taken and not utterance.has_begun:
            utterance.has_begun = True
            self._reports.put_nowait(PlaybackStarted(response_id))
        self._count(-len(taken))
        return taken

    def _count(self, n_bytes: int) -> None:
        self._unplayed_bytes += n_bytes
        for event, is_so in (
            (self._has_room, self._unplayed_bytes <= ROOM_BYTES),
            (self._is_through, self._unplayed_bytes == 0),
        ):
            if is_so:
                event.set()
            else:
                event.clear()
