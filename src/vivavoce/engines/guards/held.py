"""What of an answer waits for its checks, and in which order it is let go.

Spoken answers come in clauses, each before its sound. Written ones come token by token, and are cut
into clauses here: of a clause that is stopped nothing is heard or read.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import islice

from vivavoce.engines.cascade.clauses import ClauseCutter
from vivavoce.engines.guards.guard import Guard
from vivavoce.engines.guards.scanning import Scan
from vivavoce.interfaces import AudioDelta, TextDelta

Passed = list[TextDelta | AudioDelta]
StartTask = Callable[[Coroutine[None, None, bool]], asyncio.Task[bool]]


@dataclass(slots=True, eq=False)
class _Piece:
    """A clause or sentence that waits, with its sound."""

    text: str
    n_tokens: int
    end: int
    """Its place in the message."""
    verdicts: list[tuple[Guard, asyncio.Task[bool]]]
    sounds: list[bytes] = field(default_factory=list)

    @property
    def is_judged(self) -> bool:
        return all(task.done() for _, task in self.verdicts)


class Held:
    """One answer, message by message."""

    def __init__(
        self, guards: Sequence[Guard], start: StartTask, *, is_spoken: bool, trails: bool
    ) -> None:
        """Hold nothing yet.

        Args:
            guards: all that must agree.
            start: runs a judge.
            is_spoken: whether text comes in clauses, each before its sound.
            trails: whether the sound may run ahead of its words: each clause waits then for the
                next one's verdict.
        """
        self._guards = guards
        self._start = start
        self._is_spoken = is_spoken
        self._trails = trails
        self.tripped: Guard | None = None
        """The check that stopped the answer."""
        self._violating: Guard | None = None
        """A scanner's objection; it counts when all before it was let go."""
        self._begin_message()

    def _begin_message(self) -> None:
        self._scanners = [
            (guard, guard.new_scanner()) for guard in self._guards if guard.new_scanner is not None
        ]
        self._cutter = ClauseCutter()
        self._unscanned = ""
        """Written text that a scanner may yet object to."""
        self._n_tokens = 0
        self._pieces: deque[_Piece] = deque()
        self._written = 0
        self._clear_to = 0
        self._is_over = False
        self._asked = ""
        """What judges have been shown."""
        self.passed_text = ""
        """What was let go of this message."""

    @property
    def text(self) -> str:
        """What is held back."""
        waiting = "".join(piece.text for piece in self._pieces)
        return waiting + (
            "" if self._is_spoken else "".join(self._cutter.flush()) + self._unscanned
        )

    @property
    def n_tokens(self) -> int:
        """Tokens of what is held back."""
        return self._n_tokens + sum(piece.n_tokens for piece in self._pieces)

    async def take_text(self, text: str, n_tokens: int) -> Passed:
        """Take more words; return what may be let go."""
        self._written += len(text)
        self._scan([scanner.push(text, is_clause=self._is_spoken) for _, scanner in self._scanners])
        if self._is_spoken:
            self._hold(text, n_tokens, self._written)
            return await self._let_go(waits=False)
        self._n_tokens += n_tokens
        self._unscanned += text
        self._cut()
        return await self._let_go(waits=True)

    async def take_sound(self, data: bytes) -> Passed:
        """Take the sound of the last words; return what may be let go."""
        if not self._pieces and not self._trails:
            return [AudioDelta(data)]
        if not self._pieces:
            self._hold("", 0, self._written)
        self._pieces[-1].sounds.append(data)
        return await self._let_go(waits=True)

    async def end_message(self) -> Passed:
        """The message is over: return what is left of it, if it may be let go."""
        self._scan([scanner.end() for _, scanner in self._scanners])
        self._is_over = True
        if not self._is_spoken:
            self._cut()
        passed = await self._let_go(waits=True)
        if self.tripped is None:
            self._begin_message()
        return passed

    def drop(self) -> None:
        """Forget the verdicts that are still out."""
        for piece in self._pieces:
            for _, task in piece.verdicts:
                task.cancel()

    def _scan(self, scans: Sequence[Scan]) -> None:
        self._clear_to = min((scan.clear_to for scan in scans), default=self._written)
        for (guard, _), scan in zip(self._scanners, scans, strict=True):
            if scan.is_violated and self._violating is None:
                self._violating = guard

    def _cut(self) -> None:
        """Make pieces of written text that the scanners have let pass."""
        place = self._written - len(self._unscanned)
        clear = self._unscanned[: max(0, self._clear_to - place)]
        self._unscanned = self._unscanned[len(clear) :]
        pieces = self._cutter.push(clear)
        if self._is_over:
            pieces += self._cutter.flush()
        for piece in pieces:
            n_tokens, self._n_tokens = self._n_tokens, 0
            self._hold(piece, n_tokens, 0)

    def _hold(self, text: str, n_tokens: int, end: int) -> None:
        verdicts = []
        if any(map(str.isalnum, text)):
            verdicts = [
                (guard, self._start(guard.judge.judge(text, self._asked)))
                for guard in self._guards
                if guard.judge is not None
            ]
        self._asked += text
        self._pieces.append(_Piece(text, n_tokens, end, verdicts))

    async def _let_go(self, *, waits: bool) -> Passed:
        """Return the first pieces, as far as nothing stands against them.

        Args:
            waits: for judges; the synthesizer is not kept from its work by them.
        """
        passed: Passed = []
        while self.tripped is None and (waiting := self._next()):
            if not (waits or self._violating or all(piece.is_judged for piece in waiting)):
                break
            for piece in waiting:
                await self._hear(piece)
            if self.tripped is None:
                passed += self._pass(self._pieces.popleft())
        if self.tripped is None:
            self.tripped = self._violating
        return passed

    def _next(self) -> list[_Piece]:
        """Return the pieces that must be judged for the first to be let go; none: it waits."""
        needed = 2 if self._trails and not self._is_over else 1
        pieces = list(islice(self._pieces, needed))
        is_clear = len(pieces) == needed and pieces[-1].end <= self._clear_to
        return pieces if is_clear else []

    def _pass(self, piece: _Piece) -> Passed:
        self.passed_text += piece.text
        words = [TextDelta(piece.text, piece.n_tokens)] if piece.text or piece.n_tokens else []
        return [*words, *map(AudioDelta, piece.sounds)]

    async def _hear(self, piece: _Piece) -> None:
        for guard, task in piece.verdicts:
            if await task and self.tripped is None:
                self.tripped = guard
