"""What a translation session says: the translations of utterances, one after the other.

An utterance that was heard waits here until the one before it was said. An engine that fails costs
one utterance.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from vivavoce.core.joined_text import JoinedText
from vivavoce.core.outputs import Output, StartTranslation
from vivavoce.interfaces import (
    AudioDelta,
    TextDelta,
    Translated,
    TranslatedText,
    TranslationEvent,
    TranslationRequest,
)
from vivavoce.media.pcm import BYTES_PER_MS

FRAME_BYTES = 200 * BYTES_PER_MS
"""Of translated sound, as the service sends it."""
LONGEST_QUEUE_MS = 60_000
"""Speech that may wait: what is said a minute late helps nobody, and costs 3 MB."""
N_EARLIER = 3
"""Utterances that a translator of texts is shown, so that names and pronouns stay the same."""


@dataclass(slots=True)
class _Utterance:
    """Something that was said."""

    utterance_id: str
    audio: bytes | None = None
    """None: somebody still speaks."""
    language: str = ""
    """To translate into."""
    text: str | None = None
    """None: still awaited, or not needed."""
    translation: str = ""


class Interpreting:
    """Has utterances translated and sends what comes of it."""

    def __init__(
        self,
        session_id: str,
        voice: str,
        *,
        needs_transcript: bool,
        emit: Callable[[Output], None],
        send_text: Callable[[str], None],
        send_audio: Callable[[bytes], None],
    ) -> None:
        self._session_id = session_id
        self._voice = voice
        self._needs_transcript = needs_transcript
        self._emit = emit
        self._send_text = send_text
        self._send_audio = send_audio
        self._waiting: deque[_Utterance] = deque()
        self._current: _Utterance | None = None
        self._joined = JoinedText()
        self._sound = bytearray()
        self._earlier: deque[TranslatedText] = deque(maxlen=N_EARLIER)
        self._likely_language: str | None = None

    def __bool__(self) -> bool:
        """Whether anything is still to be said."""
        return bool(self._waiting) or self._current is not None

    def begin(self, utterance_id: str) -> None:
        """Expect an utterance: its end, and its text if that is needed."""
        self._waiting.append(_Utterance(utterance_id))

    def end(self, utterance_id: str, audio: bytes, language: str) -> int:
        """Take the sound of an utterance; return how many were given up to make room."""
        if (utterance := self._find(utterance_id)) is not None:
            utterance.audio, utterance.language = audio, language
        n_dropped = 0
        while self._waiting_ms() > LONGEST_QUEUE_MS:
            self._waiting.popleft()
            n_dropped += 1
        self._start_next()
        return n_dropped

    def know_text(self, utterance_id: str, text: str) -> None:
        """Take the transcript of an utterance, if it is needed."""
        if (utterance := self._find(utterance_id)) is not None:
            utterance.text = text
            self._start_next()

    def lose_text(self, utterance_id: str) -> None:
        """Forget an utterance that will have no transcript, if that is needed."""
        if self._needs_transcript and (utterance := self._find(utterance_id)) is not None:
            self._waiting.remove(utterance)
            self._start_next()

    def advance(self, utterance_id: str, event: TranslationEvent) -> None:
        """Take a report of the interpreter."""
        utterance = self._current
        if utterance is None or utterance.utterance_id != utterance_id:
            return  # it failed already
        match event:
            case TextDelta(text=text):
                utterance.translation += text
                if delta := self._joined.append(text):
                    self._send_text(delta)
            case AudioDelta(data=data):
                self._sound += data
                self._send_frames()
            case Translated(source_language=language):
                self._likely_language = language or self._likely_language
                self._remember(utterance)
                self._finish()

    def fail(self, utterance_id: str) -> bool:
        """Go on with the next utterance; return whether this one was being translated."""
        if self._current is None or self._current.utterance_id != utterance_id:
            return False
        self._finish()
        return True

    def _start_next(self) -> None:
        while self._current is None and self._waiting and self._is_ready(self._waiting[0]):
            utterance = self._waiting.popleft()
            if self._needs_transcript and not utterance.text:
                continue  # noise
            self._current = utterance
            self._joined.begin()
            self._emit(StartTranslation(utterance.utterance_id, self._request(utterance)))

    def _is_ready(self, utterance: _Utterance) -> bool:
        return utterance.audio is not None and not (
            self._needs_transcript and utterance.text is None
        )

    def _find(self, utterance_id: str) -> _Utterance | None:
        for utterance in self._waiting:
            if utterance.utterance_id == utterance_id:
                return utterance
        return None

    def _request(self, utterance: _Utterance) -> TranslationRequest:
        return TranslationRequest(
            session_id=self._session_id,
            language=utterance.language,
            voice=self._voice,
            audio=b"" if self._needs_transcript else utterance.audio or b"",
            text=utterance.text or "",
            likely_language=self._likely_language,
            earlier=tuple(self._earlier),
        )

    def _remember(self, utterance: _Utterance) -> None:
        if utterance.text and utterance.translation:
            self._earlier.append(TranslatedText(utterance.text, utterance.translation.strip()))

    def _finish(self) -> None:
        if self._sound:
            # A frame is always whole, so that the next utterance does not begin in its middle.
            self._sound += bytes(FRAME_BYTES - len(self._sound))
            self._send_frames()
        self._current = None
        self._start_next()

    def _send_frames(self) -> None:
        while len(self._sound) >= FRAME_BYTES:
            self._send_audio(bytes(self._sound[:FRAME_BYTES]))
            del self._sound[:FRAME_BYTES]

    def _waiting_ms(self) -> int:
        return sum(len(utterance.audio or b"") for utterance in self._waiting) // BYTES_PER_MS
