"""What a translation session hears: utterances out of continuous sound.

Knows neither the words of an utterance nor its translation.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from vivavoce.core.input_audio import LISTENING_BUFFER_MS, InputAudioBuffer
from vivavoce.core.outputs import (
    EndTranscription,
    FeedTranscription,
    Output,
    PauseTranscription,
    ResumeTranscription,
)
from vivavoce.core.turn_detector import SilenceGrew, SpeechResumed, SpeechStarted, SpeechStopped
from vivavoce.core.utterances import UtteranceDetector


@dataclass(frozen=True, slots=True)
class UtteranceBegan:
    """Somebody speaks; times are ms since the start of the session's audio."""

    start_ms: int


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """What was said can be translated: 24 kHz 16-bit mono."""

    audio: bytes


class Listening:
    """Follows appended audio; the session reacts to the boundaries it yields."""

    def __init__(
        self, silence_duration_ms: int, pause_after_ms: int, emit: Callable[[Output], None]
    ) -> None:
        self._buffer = InputAudioBuffer()
        self._detector = UtteranceDetector(silence_duration_ms)
        self._pause_after_ms = pause_after_ms
        self._emit = emit
        self._start_ms: int | None = None
        self._transcribed_as: str | None = None
        self._fed_ms = 0
        self._is_paused = False

    @property
    def heard_ms(self) -> int:
        """All audio ever appended."""
        return self._buffer.end_ms

    def hear(
        self, data: bytes, probabilities: Sequence[float]
    ) -> Iterator[UtteranceBegan | UtteranceEnded]:
        """Take audio and yield the boundaries in it, one by one, to be acted on at once."""
        self._buffer.append(data)
        for probability in probabilities:
            match self._detector.push(probability):
                case SpeechStarted(start_ms):
                    self._start_ms = self._fed_ms = max(start_ms, self._buffer.start_ms)
                    yield UtteranceBegan(self._start_ms)
                case SpeechStopped(end_ms):
                    yield self._end(end_ms)
                case SilenceGrew(silence_ms) if silence_ms >= self._pause_after_ms:
                    self._pause()
                case SpeechResumed():
                    self._resume()
                case _:
                    pass
        if self._start_ms is None:
            self._buffer.keep_last(LISTENING_BUFFER_MS)
        else:
            self._feed(self._buffer.end_ms)

    def transcribe_as(self, utterance_id: str) -> None:
        """Give the sound of the utterance under way to the transcriber, too."""
        self._transcribed_as = utterance_id

    def finish(self) -> UtteranceEnded | None:
        """End the utterance under way, if there is one: no more audio comes."""
        if self._start_ms is None:
            return None
        self._detector.stop(self._buffer.end_ms)
        return self._end(self._buffer.end_ms)

    def _end(self, end_ms: int) -> UtteranceEnded:
        assert self._start_ms is not None
        self._feed(end_ms)
        audio = self._buffer.cut(self._start_ms, end_ms)
        self._buffer.drop_before(end_ms)
        if self._transcribed_as is not None:
            self._emit(EndTranscription(self._transcribed_as))
        self._start_ms, self._transcribed_as, self._is_paused = None, None, False
        return UtteranceEnded(audio)

    def _pause(self) -> None:
        """Ask the transcriber for all words before this pause, once a pause."""
        if self._transcribed_as is not None and not self._is_paused:
            self._feed(self._buffer.end_ms)
            self._is_paused = True
            self._emit(PauseTranscription(self._transcribed_as))

    def _resume(self) -> None:
        if self._transcribed_as is not None and self._is_paused:
            self._is_paused = False
            self._emit(ResumeTranscription(self._transcribed_as))

    def _feed(self, end_ms: int) -> None:
        if self._transcribed_as is not None and end_ms > self._fed_ms:
            data = self._buffer.cut(self._fed_ms, end_ms)
            self._fed_ms = end_ms
            self._emit(FeedTranscription(self._transcribed_as, data))
