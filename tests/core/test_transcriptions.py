"""Transcriptions always run; their events go out only where they were asked for."""

import pytest
from msgspec import structs

from vivavoce.core.conversation import ItemRecord
from vivavoce.core.inputs import TranscriptionFailed
from vivavoce.core.new_items import user_audio_record
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import (
    CancelTranscription,
    EndTranscription,
    FeedTranscription,
    Output,
    StartTranscription,
)
from vivavoce.core.settings import initial_session
from vivavoce.core.transcriptions import Transcriptions
from vivavoce.ids import counting_ids
from vivavoce.interfaces import (
    TokenLogprob,
    Transcript,
    TranscriptDelta,
    TranscriptionHints,
    TranscriptSoFar,
)
from vivavoce.media.pcm import silence
from vivavoce.protocol.audio_settings import Transcription
from vivavoce.protocol.extensions import VivavoceTranscriptPartial
from vivavoce.protocol.items import InputAudio, Message
from vivavoce.protocol.response import DurationUsage, TokensUsage
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.protocol.session import RealtimeSession
from vivavoce.protocol.transcription_events import (
    ConversationItemInputAudioTranscriptionCompleted,
    ConversationItemInputAudioTranscriptionDelta,
    ConversationItemInputAudioTranscriptionFailed,
)

SILENT = initial_session(SessionOptions(), "sess_1", 0)


def asking(
    model: str = "gpt-4o-transcribe", *, language: str | None = None, prompt: str | None = None
) -> RealtimeSession:
    transcription = Transcription(model=model, language=language, prompt=prompt)
    audio = structs.replace(
        SILENT.audio, input=structs.replace(SILENT.audio.input, transcription=transcription)
    )
    return structs.replace(SILENT, audio=audio)


class Room:
    """Transcriptions with what they emit and send."""

    def __init__(self, *, extensions: bool = False) -> None:
        self.outputs: list[Output] = []
        self.events: list[ServerEvent] = []
        self.transcriptions = Transcriptions(
            counting_ids(),
            self.outputs.append,
            self.events.append,
            kind="realtime",
            extensions=extensions,
        )

    def commit(self, session: RealtimeSession, ms: int = 1000) -> ItemRecord:
        """Begin a turn and commit it."""
        self.transcriptions.begin("u", session)
        record = user_audio_record("u", silence(ms).data)
        self.transcriptions.commit(record, session)
        return record

    @property
    def deltas(self) -> list[str]:
        kind = ConversationItemInputAudioTranscriptionDelta
        return [event.delta for event in self.events if isinstance(event, kind)]

    @property
    def completed(self) -> ConversationItemInputAudioTranscriptionCompleted:
        (*_, last) = self.events
        assert isinstance(last, ConversationItemInputAudioTranscriptionCompleted)
        return last


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_turn_is_started_with_what_the_client_hinted_at(room: Room) -> None:
    room.transcriptions.begin("u", asking("whisper-1", language="en", prompt="Oslo"))
    room.transcriptions.begin("v", SILENT)
    room.transcriptions.begin("w", asking(language=""))

    hints = [output.hints for output in room.outputs if isinstance(output, StartTranscription)]
    assert hints == [
        TranscriptionHints(model="whisper-1", language="en", prompt="Oslo"),
        TranscriptionHints(),
        TranscriptionHints(model="gpt-4o-transcribe"),
    ]


def test_deltas_wait_for_the_commit(room: Room) -> None:
    room.transcriptions.begin("u", asking())
    room.transcriptions.advance("u", TranscriptDelta("Hello "))
    room.transcriptions.advance("u", TranscriptDelta("there "))
    assert not room.events

    room.transcriptions.commit(user_audio_record("u", b""), asking())

    assert room.deltas == ["Hello there "]
    assert room.outputs[-1] == EndTranscription("u")


def test_deltas_joined_are_the_transcript(room: Room) -> None:
    record = room.commit(asking())
    room.transcriptions.advance("u", TranscriptDelta("Hello "))

    assert room.transcriptions.advance("u", Transcript(" Hello there. ")) is record

    assert room.deltas == ["Hello ", "there."]
    assert room.completed.transcript == "Hello there."


def test_a_transcript_that_contradicts_its_deltas_is_sent_whole(room: Room) -> None:
    room.commit(asking())
    room.transcriptions.advance("u", TranscriptDelta("Yellow "))

    room.transcriptions.advance("u", Transcript("Hello there."))

    assert room.deltas == ["Yellow "]
    assert room.completed.transcript == "Hello there."


def test_a_client_that_asked_for_none_gets_none(room: Room) -> None:
    record = room.commit(SILENT)
    room.transcriptions.advance("u", TranscriptDelta("Hello"))
    room.transcriptions.advance("u", Transcript("Hello"))

    assert not room.events
    assert record.heard == {0: "Hello"}
    assert not record.pending
    assert isinstance(record.item, Message)
    assert record.item.content == (InputAudio(transcript=None),)


def test_a_client_that_asked_sees_the_transcript_in_the_item(room: Room) -> None:
    record = room.commit(asking())
    room.transcriptions.advance("u", Transcript("Hello"))

    assert isinstance(record.item, Message)
    assert record.item.content == (InputAudio(transcript="Hello"),)


def test_usage_is_tokens_or_seconds_by_the_model(room: Room) -> None:
    room.commit(asking("whisper-1"), ms=1234)
    room.transcriptions.advance("u", Transcript("Hello"))
    assert room.completed.usage == DurationUsage(seconds=1.23)

    room.commit(asking(), ms=1234)
    room.transcriptions.advance("u", Transcript("Hello"))
    usage = room.completed.usage
    assert isinstance(usage, TokensUsage)
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (12, 2, 14)


def test_log_probabilities_come_only_when_included(room: Room) -> None:
    transcript = Transcript("é", logprobs=(TokenLogprob("é", -0.5),))
    session = structs.replace(asking(), include=("item.input_audio_transcription.logprobs",))

    room.commit(asking())
    room.transcriptions.advance("u", transcript)
    assert not room.completed.logprobs

    room.commit(session)
    room.transcriptions.advance("u", transcript)
    assert room.completed.logprobs
    assert room.completed.logprobs[0].bytes == (0xC3, 0xA9)


def test_every_part_that_awaits_its_words_is_recognised(room: Room) -> None:
    parts = (InputAudio(transcript="known"), InputAudio(transcript=None), InputAudio())
    record = ItemRecord(Message(id="u", role="user", content=parts))
    record.user_audio = {0: b"", 1: bytes(48), 2: bytes(96)}
    record.pending = {1, 2}

    room.transcriptions.recognise(record, asking())

    assert room.outputs == [
        StartTranscription("part_1", TranscriptionHints(model="gpt-4o-transcribe")),
        FeedTranscription("part_1", bytes(48)),
        EndTranscription("part_1"),
        StartTranscription("part_2", TranscriptionHints(model="gpt-4o-transcribe")),
        FeedTranscription("part_2", bytes(96)),
        EndTranscription("part_2"),
    ]
    room.transcriptions.advance("part_2", Transcript("two"))
    assert room.completed.content_index == 2
    assert record.pending == {1}


def test_the_words_before_a_pause_are_kept_until_speech_resumes(room: Room) -> None:
    room.transcriptions.begin("u", SILENT)
    assert room.transcriptions.at_pause("u") is None

    room.transcriptions.advance("u", TranscriptSoFar("Hello"))
    assert room.transcriptions.at_pause("u") is None
    room.transcriptions.pause("u")
    room.transcriptions.advance("u", TranscriptSoFar("Hello there", covers_pause=True))
    assert room.transcriptions.at_pause("u") == "Hello there"
    room.transcriptions.resume("u")
    assert room.transcriptions.at_pause("u") is None


def test_partial_transcripts_are_an_extension(room: Room) -> None:
    room.transcriptions.begin("u", SILENT)
    room.transcriptions.advance("u", TranscriptSoFar("Hel"))
    assert not room.events

    extended = Room(extensions=True)
    extended.transcriptions.begin("u", SILENT)
    extended.transcriptions.advance("u", TranscriptSoFar("Hel"))
    (event,) = extended.events
    assert isinstance(event, VivavoceTranscriptPartial)
    assert event.transcript == "Hel"


def test_a_failure_is_told_where_a_transcript_was_asked_for(room: Room) -> None:
    record = room.commit(asking())

    assert room.transcriptions.fail("u", "It broke.", "engine_error") is record

    (event,) = room.events
    assert isinstance(event, ConversationItemInputAudioTranscriptionFailed)
    assert (event.error.code, event.error.message) == ("engine_error", "It broke.")
    assert not record.pending


def test_a_failure_that_nobody_asked_about_is_silent(room: Room) -> None:
    record = room.commit(SILENT)

    assert room.transcriptions.fail("u", "It broke.", "engine_error") is record
    assert not room.events


def test_an_end_before_the_commit_is_kept_for_it(room: Room) -> None:
    failure = TranscriptionFailed("u", "It broke.", "engine_error")
    transcript = Transcript("Hello")
    room.transcriptions.begin("u", asking())
    room.transcriptions.begin("v", asking())
    assert room.transcriptions.early("u") is None

    assert room.transcriptions.fail("u", "It broke.", "engine_error") is None
    assert room.transcriptions.advance("v", transcript) is None
    assert room.transcriptions.early("u") == failure
    assert room.transcriptions.early("v") == transcript

    room.outputs.clear()
    room.transcriptions.commit(user_audio_record("u", b""), asking())
    assert room.outputs == [], "what has ended is not ended again"


def test_cancelled_parts_are_waited_for_no_more(room: Room) -> None:
    record = room.commit(asking())
    room.transcriptions.begin("other", asking())

    room.transcriptions.cancel("u")
    room.transcriptions.cancel("other")

    assert room.outputs[-2:] == [CancelTranscription("u"), CancelTranscription("other")]
    assert not record.pending


def test_reports_of_what_is_over_are_dropped(room: Room) -> None:
    assert room.transcriptions.advance("gone", Transcript("Hello")) is None
    assert room.transcriptions.fail("gone", "It broke.", "engine_error") is None
    assert room.transcriptions.early("gone") is None
    room.transcriptions.resume("gone")
    assert not room.events
