"""Cuts continuous speech into utterances that can be translated one by one.

A short utterance ends like a turn, after a clear silence. The longer it grows, the shorter a pause
ends it, so that somebody who talks without a break is not waited for.
"""

from vivavoce.core.turn_detector import SpeechStarted, SpeechStopped, TurnDetector, TurnMark
from vivavoce.interfaces import FRAME_MS

LONG_MS = 8_000
"""From here on a breath is enough: listeners should not lag by more than a sentence or two."""
BREATH_MS = 200
VERY_LONG_MS = 14_000
"""From here on any gap between two words is enough."""
GAP_MS = 64
LONGEST_MS = 20_000
"""Cut here in any case: Whisper takes no more than 28 s at once."""


class UtteranceDetector:
    """Turns frames into the boundaries of utterances. Times are ms since the session's start."""

    def __init__(self, silence_duration_ms: int) -> None:
        self._silence_duration_ms = silence_duration_ms
        self._turns = TurnDetector(silence_duration_ms=silence_duration_ms)
        self._now_ms = 0
        self._start_ms = 0

    def push(self, probability: float) -> TurnMark | None:
        """Advance by one frame of `FRAME_MS` and report what it changed.

        An utterance that is cut while somebody speaks is followed by the next without a gap.

        Args:
            probability: that the frame contains speech, from 0 to 1.
        """
        self._now_ms += FRAME_MS
        length_ms = self._now_ms - self._start_ms if self._turns.speaking else 0
        self._turns.silence_duration_ms = self._patience_ms(length_ms)
        mark = self._turns.push(probability)
        if isinstance(mark, SpeechStarted):
            self._start_ms = mark.start_ms
        if length_ms >= LONGEST_MS and not isinstance(mark, SpeechStopped):
            self.stop(self._now_ms)
            return SpeechStopped(self._now_ms, silence_ms=0)
        return mark

    def stop(self, at_ms: int) -> None:
        """End the utterance under way; the next one may not start before this moment."""
        self._turns.reset(at_ms)

    def _patience_ms(self, length_ms: int) -> int:
        if length_ms >= VERY_LONG_MS:
            return min(GAP_MS, self._silence_duration_ms)
        if length_ms >= LONG_MS:
            return min(BREATH_MS, self._silence_duration_ms)
        return self._silence_duration_ms
