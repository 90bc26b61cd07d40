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
from vivavoce.core.turn_detector import (
    SpeechResumed,
    SpeechStarted,
    SpeechStopped,
    TurnDetector,
    TurnMark,
)
from vivavoce.core.turn_ends import waits_of
from vivavoce.ids import NewId
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.audio_settings import SemanticVad, ServerVad
from vivavoce.protocol.session import AudioInput

JUDGED_MS = 8_000
"""How much sound the end-of-turn model is given at most."""
NEVER_MS = 2**31
"""Silence that ends a turn which only the client ends."""
HELD_SILENCE_MS = 1_000
"""Longer silence within such a turn is not worth recognising: the client may forget its button."""
_SEMANTIC = TurnDetector()
"""Where speech begins is not semantic_vad's to say: as server_vad does by default."""
BEFORE_RESUMED_MS = 600
"""Of held silence, what is recognised after all: a piece of audio, and the soft start of a word."""


class Turns:
    """Follows appended audio; the session reacts to the boundaries it yields."""

    def __init__(self, new_id: NewId, emit: Callable[[Output], None]) -> None:
        self._new_id = new_id
        self._emit = emit
        self._buffer = InputAudioBuffer()
        self._detector = TurnDetector()
        self._detects = True
        self._follows = False
        self._has_unjudged = False
        """Whether the buffer holds sound from before speech was followed."""
        self._fed_ms = 0
        self.item_id: str | None = None
        """Reserved for the turn under way; None between turns."""
        self.start_ms = 0
        """Where the turn under way began, in ms of all audio."""
        self.is_paused = False
        """Whether the transcriber was told of a pause that still lasts."""
        self._usual_wait_ms = self._detector.silence_duration_ms

    @property
    def silence_ms(self) -> int:
        """How long the speaker has been silent within the open turn; 0 outside of one."""
        return self._detector.silence_ms

    @property
    def wait_ms(self) -> int:
        """The silence that ends the turn under way."""
        return self._detector.silence_duration_ms

    @property
    def heard_ms(self) -> int:
        """All audio ever appended."""
        return self._buffer.end_ms

    def configure(self, settings: AudioInput, *, follows: bool = False) -> None:
        """Follow the session's turn detection from the next audio on.

        Args:
            settings: of the sound.
            follows: whether speech is to be recognised as it comes where no turn detection says
                when a turn begins.
        """
        vad = settings.turn_detection
        self._detects = vad is not None
        followed, self._follows = self._follows, follows and not self._detects
        if self._follows:
            self._usual_wait_ms = NEVER_MS
            self._has_unjudged |= not followed and self._buffer.duration_ms > 0
        if isinstance(vad, ServerVad):
            self._detector.threshold = _number(vad.threshold)
            self._detector.prefix_padding_ms = int(_number(vad.prefix_padding_ms))
            self._usual_wait_ms = int(_number(vad.silence_duration_ms))
        elif isinstance(vad, SemanticVad):
            self._detector.threshold = _SEMANTIC.threshold
            self._detector.prefix_padding_ms = _SEMANTIC.prefix_padding_ms
            self._usual_wait_ms = waits_of(vad).longest_ms
        self.wait(self._usual_wait_ms)

    def wait(self, silence_ms: int) -> None:
        """Let so long a silence end the turn under way, until its speech resumes."""
        self._detector.silence_duration_ms = silence_ms

    def stop_if_due(self) -> SpeechStopped | None:
        """End the turn if as much silence as it takes now was heard already."""
        return self._detector.stop_if_due()

    def hear(self, data: bytes, probabilities: Sequence[float]) -> Iterator[TurnMark]:
        """Take audio and yield the boundaries in it, one by one, to be acted on at once."""
        self._buffer.append(data)
        if self._follows:
            yield from self._follow(probabilities)
            return
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
        self.wait(self._usual_wait_ms)
        return self.item_id

    def follow(self, started: SpeechStarted) -> str:
        """Reserve the id of the item that the client will make of the buffer."""
        item_id = self.begin(started)
        self.start_ms = self._buffer.start_ms
        if self._has_unjudged:
            self._fed_ms = self.start_ms
        return item_id

    def _follow(self, probabilities: Sequence[float]) -> Iterator[SpeechStarted]:
        for probability in probabilities:
            mark = self._detector.push(probability)
            if isinstance(mark, SpeechStarted):
                yield mark
            elif isinstance(mark, SpeechResumed):
                self._fed_ms = max(self._fed_ms, self._buffer.end_ms - BEFORE_RESUMED_MS)
        if self.item_id is None:
            return
        self._feed(self._buffer.end_ms - max(0, self._detector.silence_ms - HELD_SILENCE_MS))

    def pause(self) -> None:
        """Ask the transcriber for all words before this pause, once a pause."""
        if self.item_id is None or self.is_paused:
            return
        self._feed(self._buffer.end_ms)
        self.is_paused = True
        self._emit(PauseTranscription(self.item_id))

    def resume(self) -> None:
        """Tell the transcriber that the pause was not the end."""
        self.wait(self._usual_wait_ms)
        if self.item_id is not None and self.is_paused:
            self.is_paused = False
            self._emit(ResumeTranscription(self.item_id))

    def sound(self) -> bytes:
        """Return the 24 kHz audio of the turn under way, up to now."""
        return self._buffer.cut(self.start_ms, self._buffer.end_ms)

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
        self._feed(end_ms - max(0, self._detector.silence_ms - HELD_SILENCE_MS))
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
        self._has_unjudged = False
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
        self._has_unjudged = False
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
