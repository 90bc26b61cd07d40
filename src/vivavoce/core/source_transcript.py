"""The transcript of what is spoken in a translation session: one text that only ever grows.

Transcriptions of several utterances may be under way at once; their words come out in the order in
which they were spoken.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from vivavoce.core.joined_text import JoinedText
from vivavoce.interfaces import (
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
    TranscriptSoFar,
)


@dataclass(slots=True)
class _Running:
    """The transcription of one utterance."""

    utterance_id: str
    is_reported: bool
    """Whether the client asked for the words."""
    agreed: str = ""
    """All that the deltas said."""
    n_sent: int = 0
    is_over: bool = False


class SourceTranscript:
    """Takes what transcribers report, sends deltas."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._running: deque[_Running] = deque()
        self._joined = JoinedText()

    def __bool__(self) -> bool:
        """Whether words are still awaited."""
        return bool(self._running)

    def begin(self, utterance_id: str, *, is_reported: bool) -> None:
        """Expect the words of an utterance after those of all before it."""
        self._running.append(_Running(utterance_id, is_reported))

    def advance(self, utterance_id: str, event: TranscriptionEvent) -> str | None:
        """Take a report; return the words of the utterance when they are all there."""
        running = self._find(utterance_id)
        if running is None:
            return None
        text: str | None = None
        match event:
            case TranscriptDelta(text=agreed):
                running.agreed = (running.agreed + agreed).lstrip()
            case Transcript():
                text = event.text.strip()
                # What was sent stays; an engine that changed its mind has the rest to itself.
                if text.startswith(running.agreed):
                    running.agreed = text
                running.is_over = True
            case TranscriptSoFar():
                pass
        self._flush()
        return text

    def fail(self, utterance_id: str) -> bool:
        """Expect no more words of an utterance; return whether they were expected."""
        running = self._find(utterance_id)
        if running is None:
            return False
        running.is_over = True
        self._flush()
        return True

    def _find(self, utterance_id: str) -> _Running | None:
        for running in self._running:
            if running.utterance_id == utterance_id and not running.is_over:
                return running
        return None

    def _flush(self) -> None:
        while self._running:
            first = self._running[0]
            if first.n_sent == 0:
                self._joined.begin()
            if first.is_reported and (delta := self._joined.append(first.agreed[first.n_sent :])):
                self._send(delta)
            first.n_sent = len(first.agreed)
            if not first.is_over:
                return
            self._running.popleft()
