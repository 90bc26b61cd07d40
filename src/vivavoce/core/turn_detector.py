"""Where a user's turn begins and ends, from one speech probability per frame.

Knows audio time only. What follows from a boundary is the session's business.
Source: protocol reference, "Turn detection" (20-session-config, section 3).
"""

from dataclasses import dataclass

from vivavoce.interfaces import FRAME_MS

START_FRAMES = 2  # one frame above the threshold may be a click; 64 ms of it is a voice


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """A turn began; `start_ms` includes the prefix padding."""

    start_ms: int


@dataclass(frozen=True, slots=True)
class SilenceGrew:
    """The turn is open, and nothing was heard for `silence_ms` now."""

    silence_ms: int


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The speaker went on before the turn was over."""


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """The turn is over; `end_ms` includes the silence that ended it."""

    end_ms: int
    silence_ms: int = 0
    """The silence; 0: something else ended it."""


TurnMark = SpeechStarted | SilenceGrew | SpeechResumed | SpeechStopped


@dataclass(slots=True)
class TurnDetector:
    """Turns frames into turn boundaries. Times are ms since the start of the session's audio."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    speaking: bool = False
    _now_ms: int = 0
    _speech_frames: int = 0
    _silence_ms: int = 0
    _earliest_start_ms: int = 0

    @property
    def silence_ms(self) -> int:
        """How long the speaker has been silent within the open turn; 0 outside of one."""
        return self._silence_ms if self.speaking else 0

    def push(self, probability: float) -> TurnMark | None:
        """Advance by one frame of `FRAME_MS` and report what it changed.

        A turn starts `prefix_padding_ms` before the first speech frame, but never before the end
        of the previous turn; it stops after `silence_duration_ms` without a speech frame.

        Args:
            probability: that the frame contains speech, from 0 to 1.
        """
        self._now_ms += FRAME_MS
        is_speech = probability >= self.threshold
        if self.speaking:
            return self._within_turn(is_speech)
        self._speech_frames = self._speech_frames + 1 if is_speech else 0
        if self._speech_frames < START_FRAMES:
            return None
        start_ms = self._now_ms - START_FRAMES * FRAME_MS - self.prefix_padding_ms
        self.speaking = True
        self._silence_ms = 0
        return SpeechStarted(max(start_ms, self._earliest_start_ms))

    def stop_if_due(self) -> SpeechStopped | None:
        """End the turn if its silence has lasted long enough: that may have become less."""
        if not self._silence_ms or self._silence_ms < self.silence_duration_ms:
            return None
        silence_ms = self._silence_ms
        self.reset(earliest_start_ms=self._now_ms)
        return SpeechStopped(self._now_ms, silence_ms)

    def skip(self, n_frames: int) -> None:
        """Let time pass unheard: turn detection is off."""
        self._now_ms += n_frames * FRAME_MS

    def reset(self, earliest_start_ms: int) -> None:
        """Forget the turn under way; the next one may not start before this moment."""
        self.speaking = False
        self._speech_frames = 0
        self._silence_ms = 0
        self._earliest_start_ms = earliest_start_ms

    def _within_turn(self, is_speech: bool) -> TurnMark | None:
        if is_speech:
            was_silent, self._silence_ms = self._silence_ms > 0, 0
            return SpeechResumed() if was_silent else None
        self._silence_ms += FRAME_MS
        return self.stop_if_due() or SilenceGrew(self._silence_ms)
