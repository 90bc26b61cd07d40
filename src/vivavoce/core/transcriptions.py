"""Transcriptions under way, and what the wire shows of them.

The transcript is always made, because the language model reads it; its events go out only where
the client asked for them; before the commit only in transcription sessions and for models that
promise it, as some clients throw on an item they have not seen. Source: protocol reference, "Flows"
(50, sections 3 and 15) and "Server events" (40, section 4).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType

from vivavoce.core.conversation import ItemRecord
from vivavoce.core.inputs import TranscriptionFailed
from vivavoce.core.options import SessionKind
from vivavoce.core.outputs import (
    CancelTranscription,
    EndTranscription,
    FeedTranscription,
    Output,
    StartTranscription,
)
from vivavoce.core.tokens import estimate_tokens, user_audio_tokens
from vivavoce.core.transcription_settings import hints_of, writes_early
from vivavoce.ids import NewId
from vivavoce.interfaces import (
    SpokenSegment,
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
    TranscriptSoFar,
)
from vivavoce.protocol.audio_settings import Transcription
from vivavoce.protocol.extensions import VivavoceTranscriptPartial
from vivavoce.protocol.items import InputAudio
from vivavoce.protocol.response import (
    DurationUsage,
    TokensUsage,
    TranscriptionInputTokenDetails,
    TranscriptionUsage,
)
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.protocol.session import RealtimeSession
from vivavoce.protocol.transcription_events import (
    ConversationItemInputAudioTranscriptionCompleted,
    ConversationItemInputAudioTranscriptionDelta,
    ConversationItemInputAudioTranscriptionFailed,
    ConversationItemInputAudioTranscriptionSegment,
    Logprob,
    TranscriptionError,
    TranscriptLanguage,
)

BILLED_BY_DURATION = frozenset({"whisper-1"})
TELLING_LANGUAGES = frozenset({"gpt-transcribe"})
"""Models whose `completed` says which language was spoken; clients of others may not know it."""


@dataclass(slots=True)
class _Running:
    """One transcription."""

    item_id: str
    content_index: int = 0
    record: ItemRecord | None = None
    """The item, once it was committed."""
    reported: Transcription | None = None
    """What the client asked for, if it asked."""
    with_logprobs: bool = False
    agreed: list[str] = field(default_factory=list)
    sent: str = ""
    is_paused: bool = False
    at_pause: str | None = None
    """The transcript that covers the pause under way."""
    early: Transcript | TranscriptionFailed | None = None
    """How it ended, if that was before the turn did."""


class Transcriptions:
    """Every transcription of a session, by its key: the item id, or one made for a later part."""

    def __init__(
        self,
        new_id: NewId,
        emit: Callable[[Output], None],
        send: Callable[[ServerEvent], None],
        *,
        kind: SessionKind,
        extensions: bool,
    ) -> None:
        self._new_id = new_id
        self._emit = emit
        self._send = send
        self._kind = kind
        self._extensions = extensions
        self._running: dict[str, _Running] = {}

    @property
    def wants_extensions(self) -> bool:
        """Whether some connection wants `vivavoce.*` events."""
        return self._extensions

    def report_partials(self) -> None:
        """Send `vivavoce.transcript.partial` from now on: a connection that joined wants it."""
        self._extensions = True

    def begin(self, item_id: str, session: RealtimeSession) -> None:
        """Start to recognise a turn that has just begun."""
        running = self._running[item_id] = _Running(item_id)
        if writes_early(session, self._kind):
            running.reported = session.audio.input.transcription
        self._emit(StartTranscription(item_id, hints_of(session)))

    def commit(self, record: ItemRecord, session: RealtimeSession) -> None:
        """The turn under way became an item: no more audio comes for it."""
        running = self._running[record.item_id]
        self._attach(running, record, session)
        if running.early is None:
            self._emit(EndTranscription(record.item_id))

    def early(self, item_id: str) -> Transcript | TranscriptionFailed | None:
        """Return how the transcription of a turn ended, if that was before the commit."""
        running = self._running.get(item_id)
        return running.early if running else None

    def recognise(self, record: ItemRecord, session: RealtimeSession) -> None:
        """Recognise all parts of an item whose transcript is awaited, from start to end."""
        for index in sorted(record.pending):
            key = record.item_id if index == 0 else self._new_id("part")
            running = self._running[key] = _Running(record.item_id, index)
            self._emit(StartTranscription(key, hints_of(session)))
            self._attach(running, record, session)
            self._emit(FeedTranscription(key, record.user_audio[index]))
            self._emit(EndTranscription(key))

    def pause(self, item_id: str) -> None:
        """The speaker fell silent: a transcript that covers the pause may come."""
        self._set_paused(item_id, is_paused=True)

    def resume(self, item_id: str) -> None:
        """The speaker went on: what was heard up to the pause is not the whole."""
        self._set_paused(item_id, is_paused=False)

    def _set_paused(self, item_id: str, *, is_paused: bool) -> None:
        running = self._running.get(item_id)
        if running is not None:
            running.is_paused = is_paused
            running.at_pause = None

    def at_pause(self, item_id: str) -> str | None:
        """Return the transcript that covers the pause under way, if it is there."""
        running = self._running.get(item_id)
        return running.at_pause if running else None

    def cancel(self, item_id: str) -> None:
        """Forget the transcriptions of an item."""
        for key in [key for key, running in self._running.items() if running.item_id == item_id]:
            running = self._running.pop(key)
            self._emit(CancelTranscription(key))
            if running.record is not None:
                running.record.pending.discard(running.content_index)

    def advance(self, key: str, event: TranscriptionEvent) -> ItemRecord | None:
        """Take a report; return the item whose text it completed, if it did."""
        running = self._running.get(key)
        if running is None:
            return None  # cancelled while the engine was still busy
        match event:
            case TranscriptDelta(text=text):
                running.agreed.append(text)
                self._send_deltas(running)
            case TranscriptSoFar(text=text, covers_pause=covers_pause):
                if covers_pause and running.is_paused:
                    running.at_pause = text
                self._send_partial(running, text)
            case Transcript() if running.record is None:
                running.early = event
            case Transcript():
                del self._running[key]
                return self._complete(running, running.record, event)
        return None

    def fail(self, key: str, message: str, code: str) -> ItemRecord | None:
        """Take the news that there will be no transcript; return the item, if it was committed."""
        running = self._running.get(key)
        if running is None:
            return None
        if running.record is None:
            running.early = TranscriptionFailed(key, message, code)
            return None
        del self._running[key]
        running.record.pending.discard(running.content_index)
        if running.reported is not None:
            error = TranscriptionError(code=code, message=message)
            self._send(
                ConversationItemInputAudioTranscriptionFailed(
                    event_id=self._new_id("event"),
                    item_id=running.item_id,
                    content_index=running.content_index,
                    error=error,
                )
            )
        return running.record

    def _attach(self, running: _Running, record: ItemRecord, session: RealtimeSession) -> None:
        running.record = record
        running.reported = session.audio.input.transcription
        running.with_logprobs = bool(session.include)
        self._send_deltas(running)

    def _send_partial(self, running: _Running, text: str) -> None:
        if self._extensions:
            event_id = self._new_id("event")
            self._send(
                VivavoceTranscriptPartial(
                    event_id=event_id, item_id=running.item_id, transcript=text
                )
            )

    def _send_deltas(self, running: _Running) -> None:
        if running.reported is None:
            return
        text = "".join(running.agreed)
        running.agreed.clear()
        self._send_delta(running, text)

    def _send_delta(self, running: _Running, text: str) -> None:
        if not text:
            return
        running.sent += text
        self._send(
            ConversationItemInputAudioTranscriptionDelta(
                event_id=self._new_id("event"),
                item_id=running.item_id,
                content_index=running.content_index,
                delta=text,
            )
        )

    def _send_segments(self, running: _Running, segments: Sequence[SpokenSegment]) -> None:
        for segment in segments:
            self._send(
                ConversationItemInputAudioTranscriptionSegment(
                    event_id=self._new_id("event"),
                    id=self._new_id("seg"),
                    item_id=running.item_id,
                    content_index=running.content_index,
                    text=segment.text,
                    speaker=segment.speaker,
                    start=segment.start_s,
                    end=segment.end_s,
                )
            )

    def _complete(
        self, running: _Running, record: ItemRecord, transcript: Transcript
    ) -> ItemRecord:
        text = transcript.text.strip()
        record.pending.discard(running.content_index)
        record.heard[running.content_index] = text
        if running.reported is None:
            return record
        record.set_part(running.content_index, InputAudio(transcript=text))
        if transcript.segments:
            self._send_segments(running, transcript.segments)
        elif text.startswith(running.sent):
            self._send_delta(running, text[len(running.sent) :])
        self._send(
            ConversationItemInputAudioTranscriptionCompleted(
                event_id=self._new_id("event"),
                item_id=running.item_id,
                content_index=running.content_index,
                transcript=text,
                usage=_usage(running.reported, record, transcript),
                languages=_languages(running.reported, transcript),
                logprobs=_logprobs(transcript) if running.with_logprobs else UNSET,
            )
        )
        return record


def _usage(asked: Transcription, record: ItemRecord, transcript: Transcript) -> TranscriptionUsage:
    if asked.model in BILLED_BY_DURATION:
        return DurationUsage(seconds=round(record.user_audio_ms / 1000, 2))
    audio = user_audio_tokens(record.user_audio_ms)
    written = len(transcript.logprobs) or estimate_tokens(transcript.text)
    return TokensUsage(
        total_tokens=audio + written,
        input_tokens=audio,
        output_tokens=written,
        input_token_details=TranscriptionInputTokenDetails(text_tokens=0, audio_tokens=audio),
    )


def _languages(
    asked: Transcription, transcript: Transcript
) -> tuple[TranscriptLanguage, ...] | UnsetType:
    if asked.model not in TELLING_LANGUAGES:
        return UNSET
    return () if transcript.language is None else (TranscriptLanguage(code=transcript.language),)


def _logprobs(transcript: Transcript) -> tuple[Logprob, ...]:
    return tuple(
        Logprob(token=entry.token, logprob=entry.logprob, bytes=tuple(entry.token.encode()))
        for entry in transcript.logprobs
    )
