"""The user's side of the talk: buffered audio, turn boundaries, and what the transcriber is fed.

Knows nothing of items already in the conversation, nor of responses.
"""

from collections.abc import Callable, Iterator, Sequence

from vivavoce.core.input_audio import LISTENING_BUFFER_MS, InputAudioBuffer
from vivavoce.core.outputs import (
    FeedTranscription,
    JudgeTurn,
    Output,
    PauseTranscription,
    ResumeTranscription,
)
from vivavoce.core.turn_detector import SpeechStarted, TurnDetector, TurnMark
from vivavoce.ids import NewId
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.session import AudioInput, ServerVad

JUDGED_MS = 8_000
"""How much sound the end-of-turn model is given at most."""


class Turns:
    """Follows appended audio; the session reacts to the boundaries it yields."""

    def __init__(self, new_id: NewId, emit: Callable[[Output], None]) -> None:
        self._new_id = new_id
        self._emit = emit
        self._buffer = InputAudioBuffer()
        self._detector = TurnDetector()
        self._detects = True
        self._fed_ms = 0
        self.item_id: str | None = None
        """Reserved for the turn under way; None between turns."""
        self.start_ms = 0
        """Where the turn under way began, in ms of all audio."""
        self.is_paused = False
        """Whether the transcriber was told of a pause that still lasts."""

    @property
    def silence_ms(self) -> int:
        """How long the speaker has been silent within the open turn; 0 outside of one."""
        return self._detector.silence_ms

    @property
    def heard_ms(self) -> int:
        """All audio ever appended."""
        return self._buffer.end_ms

    def configure(self, settings: AudioInput) -> None:
        """Follow the session's turn detection from the next audio on."""
        vad = settings.turn_detection
        self._detects = isinstance(vad, ServerVad)
        if isinstance(vad, ServerVad):
            self._detector.threshold = _number(vad.threshold)
            self._detector.prefix_padding_ms = int(_number(vad.prefix_padding_ms))
            self._detector.silence_duration_ms = int(_number(vad.silence_duration_ms))

    def hear(self, data: bytes, probabilities: Sequence[float]) -> Iterator[TurnMark]:
        """Take audio and yield the boundaries in it, one by one, to be acted on at once."""
        self._buffer.append(data)
        if not self._detects:
            self._detector.skip(len(probabilities))
            return
        for probability in probabilities:
            mark = self._detector.push(probability)
            if mark is not None:
                yield mark
        if self.item_id is None:
            padding_ms = self._detector.prefix_padding_ms + 1000
            self._buffer.keep_last(max(LISTENING_BUFFER_MS, padding_ms))
        else:
            self._feed(self._buffer.end_ms)

    def begin(self, started: SpeechStarted) -> str:
        """Reserve the id of the turn's item."""
        self.item_id = self._new_id("item")
        self.start_ms = max(started.start_ms, self._buffer.start_ms)
        self._fed_ms = self.start_ms
        self.is_paused = False
        return self.item_id

    def pause(self) -> None:
        """Ask the transcriber for all words before this pause, once a pause."""
        if self.item_id is None or self.is_paused:
            return
        self._feed(self._buffer.end_ms)
        self.is_paused = True
        self._emit(PauseTranscription(self.item_id))

    def resume(self) -> None:
        """Tell the transcriber that the pause was not the end."""
        if self.item_id is not None and self.is_paused:
            self.is_paused = False
            self._emit(ResumeTranscription(self.item_id))

    def judge(self) -> int:
        """Ask the end-of-turn model about the pause; return the moment that names it."""
        assert self.item_id is not None
        end_ms = self._buffer.end_ms
        start_ms = max(self.start_ms, end_ms - JUDGED_MS)
        self._emit(JudgeTurn(self.item_id, end_ms, self._buffer.cut(start_ms, end_ms)))
        return end_ms

    def finish(self, end_ms: int) -> tuple[str, bytes]:
        """End the turn; return its item id and its 24 kHz audio."""
        assert self.item_id is not None
        self._feed(end_ms)
        audio = self._buffer.cut(self.start_ms, end_ms)
        self._buffer.drop_before(end_ms)
        item_id, self.item_id = self.item_id, None
        return item_id, audio

    def take_all(self) -> tuple[str, bytes, bool]:
        """Commit everything uncommitted.

        Returns:
            the item's id, its 24 kHz audio, and whether a transcription of it is under way.
        """
        end_ms = self._buffer.end_ms
        if self.item_id is not None:
            item_id, audio = self.finish(end_ms)
            self._detector.reset(end_ms)
            return item_id, audio, True
        audio = self._buffer.cut(self._buffer.start_ms, end_ms + 1)
        self._buffer.clear()
        self._detector.reset(end_ms)
        return self._new_id("item"), audio, False

    @property
    def uncommitted_ms(self) -> float:
        """Length of what a commit would take."""
        if self.item_id is not None:
            return self._buffer.end_ms - self.start_ms
        return self._buffer.duration_ms

    def clear(self) -> str | None:
        """Forget everything uncommitted; return the id of the turn that this dropped."""
        item_id = self.abandon()
        self._buffer.clear()
        return item_id

    def abandon(self) -> str | None:
        """Forget the turn under way but not its audio; return its id."""
        item_id, self.item_id = self.item_id, None
        self._detector.reset(self._buffer.end_ms)
        return item_id

    def _feed(self, end_ms: int) -> None:
        if self.item_id is not None and end_ms > self._fed_ms:
            data = self._buffer.cut(self._fed_ms, end_ms)
            self._fed_ms = end_ms
            assert len(data) % BYTES_PER_MS == 0
            self._emit(FeedTranscription(self.item_id, data))


def _number(value: object) -> float:
    assert isinstance(value, (int, float))  # effective settings have every member
    return value
