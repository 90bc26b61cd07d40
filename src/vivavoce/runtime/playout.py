"""The sound of answers on its way to the ear: queued here, drained at the pace of speech.

What is cut by an interruption must not lie anywhere else, so the media engine gets 20 ms at a time.
Times are counted in samples; nothing here looks at a clock.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from vivavoce.core.inputs import (
    InterludeEnded,
    InterludeStarted,
    PlaybackCleared,
    PlaybackEnded,
    PlaybackStarted,
    PlayedItem,
)
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.extensions import PlaybackEnd
from vivavoce.runtime.hold_sound import HoldSound

FRAME_MS = 20
FRAME_BYTES = FRAME_MS * BYTES_PER_MS
ROOM_BYTES = 15_000 * BYTES_PER_MS
"""Producers pause while more waits to be played: 15 s, 0.7 MB."""
LINE = "line "
"""Before the id of a line: clients choose those, and may choose that of a response."""
Report = PlaybackStarted | PlaybackEnded | InterludeStarted | InterludeEnded
Cleared = PlaybackCleared | InterludeEnded


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
    is_line: bool = False
    """Whether it is no answer, but a line that was asked for."""

    @property
    def played_ms(self) -> int:
        """How much was heard."""
        return sum(self.played_bytes.values()) // BYTES_PER_MS

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
    """Belongs to one call. Responses and lines are played one after the other, whole.

    While none is, a sound may be heard; the next response ends it.
    """

    def __init__(self) -> None:
        self._utterances: dict[str, _Utterance] = {}
        self._hold_sound: HoldSound | None = None
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
        sound = self._hold_sound
        if sound is not None and response_id not in sound.follows:
            self._reports.put_nowait(self._end_sound(sound, "answered"))
        self._put(self._utterances.setdefault(response_id, _Utterance()), item_id, data)

    def finish(self, response_id: str) -> None:
        """Note that no more sound of a response comes."""
        if (utterance := self._utterances.get(response_id)) is not None:
            utterance.is_whole = True

    def clear(self) -> list[Cleared]:
        """Drop everything; return what was heard of all that was not through."""
        cleared: list[Cleared] = [
            _ended_line(key, utterance, "interrupted")
            if utterance.is_line
            else PlaybackCleared(key, utterance.cut())
            for key, utterance in self._utterances.items()
        ]
        if self._hold_sound is not None:
            cleared.append(self._end_sound(self._hold_sound, "interrupted"))
        self._utterances.clear()
        self._count(-self._unplayed_bytes)
        return cleared

    def next_frame(self) -> bytes:
        """Return the next 20 ms: 960 bytes, filled up with silence."""
        frame = b""
        while self._utterances:
            key, utterance = next(iter(self._utterances.items()))
            frame += self._taken(key, utterance, FRAME_BYTES - len(frame))
            if utterance.pieces or not utterance.is_whole:
                break
            del self._utterances[key]
            is_line = utterance.is_line
            ended = _ended_line(key, utterance, "completed") if is_line else PlaybackEnded(key)
            self._reports.put_nowait(ended)
        if len(frame) < FRAME_BYTES and self._is_silent:
            frame += self._hold(FRAME_BYTES - len(frame))
        return frame if len(frame) == FRAME_BYTES else frame.ljust(FRAME_BYTES, b"\0")

    # --- lines and sounds that are no answers ---

    def begin_line(self, playback_id: str) -> None:
        """Let a line follow what was added before; what is added from now on waits for its end."""
        self._utterances[LINE + playback_id] = _Utterance(is_line=True)

    def has_line(self, playback_id: str) -> bool:
        """Whether a line is wanted that was begun."""
        return LINE + playback_id in self._utterances

    def add_to_line(self, playback_id: str, data: bytes) -> None:
        """Queue sound of a line; nothing happens if it is not wanted any more."""
        if (utterance := self._utterances.get(LINE + playback_id)) is not None:
            self._put(utterance, playback_id, data)

    def finish_line(self, playback_id: str) -> None:
        """Note that no more sound of a line comes."""
        self.finish(LINE + playback_id)

    def play_sound(self, playback_id: str, data: bytes, *, loops: bool) -> list[InterludeEnded]:
        """Let a sound be heard while nothing is said; return the end of the one before."""
        before = self._hold_sound
        ended = [] if before is None else [self._end_sound(before, "replaced")]
        follows = frozenset(key for key, one in self._utterances.items() if not one.is_line)
        self._hold_sound = HoldSound(playback_id, data, loops, follows)
        return ended

    def stop(self, playback_id: str) -> list[InterludeEnded]:
        """Drop a line or a sound; return its end, if it was there."""
        sound = self._hold_sound
        if sound is not None and sound.playback_id == playback_id:
            return [self._end_sound(sound, "stopped")]
        utterance = self._utterances.pop(LINE + playback_id, None)
        if utterance is None:
            return []
        self._count(-sum(len(piece.data) - piece.n_played for piece in utterance.pieces))
        return [_ended_line(LINE + playback_id, utterance, "stopped")]

    @property
    def _is_silent(self) -> bool:
        """Whether a sound would not talk into anything."""
        first = next(iter(self._utterances.values()), None)
        return first is None or (first.is_line and not first.has_begun)

    def _hold(self, n_bytes: int) -> bytes:
        sound = self._hold_sound
        if sound is None:
            return b""
        if not sound.n_played:
            self._reports.put_nowait(InterludeStarted(sound.playback_id))
        taken = sound.take(n_bytes)
        if sound.is_over:
            self._reports.put_nowait(self._end_sound(sound, "completed"))
        return taken

    def _end_sound(self, sound: HoldSound, reason: PlaybackEnd) -> InterludeEnded:
        self._hold_sound = None
        return InterludeEnded(sound.playback_id, reason, sound.played_ms)

    # --- what is told, and waited for ---

    async def report(self) -> Report:
        """Wait for what the session is to be told next."""
        return await self._reports.get()

    async def wait_for_room(self) -> None:
        """Wait until enough was played of what was made before."""
        await self._has_room.wait()

    async def wait_until_played(self) -> None:
        """Wait until nothing waits to be played."""
        await self._is_through.wait()

    def _put(self, utterance: _Utterance, item_id: str, data: bytes) -> None:
        utterance.pieces.append(_Piece(item_id, data))
        utterance.played_bytes.setdefault(item_id, 0)
        self._count(len(data))

    def _taken(self, key: str, utterance: _Utterance, n_wanted: int) -> bytes:
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
            line_id = key.removeprefix(LINE)
            is_line = utterance.is_line
            self._reports.put_nowait(InterludeStarted(line_id) if is_line else PlaybackStarted(key))
        self._count(-len(taken))
        return taken

    def _count(self, n_bytes: int) -> None:
        self._unplayed_bytes += n_bytes
        for event, is_so in (
            (self._has_room, self._unplayed_bytes <= ROOM_BYTES),
            (self._is_through, self._unplayed_bytes == 0),
        ):
            if is_so != event.is_set():
                event.set() if is_so else event.clear()


def _ended_line(key: str, utterance: _Utterance, reason: PlaybackEnd) -> InterludeEnded:
    return InterludeEnded(key.removeprefix(LINE), reason, utterance.played_ms)
