"""The transcripts of what a translation session hears."""

from tests.core.translation_sessions import TRANSCRIBED, Running, deltas, started
from vivavoce.core.inputs import TranscriptionProgress
from vivavoce.core.outputs import (
    EndTranscription,
    FeedTranscription,
    PauseTranscription,
    ResumeTranscription,
    StartTranscription,
)
from vivavoce.interfaces import TranscriptDelta


def test_nothing_is_transcribed_unless_somebody_asks() -> None:
    running = Running()

    running.say()

    assert not any(isinstance(output, StartTranscription) for output in running.outputs)


def test_the_source_is_transcribed_when_the_client_asks_for_it() -> None:
    running = Running()
    running.update(TRANSCRIBED)

    heard = running.say()
    running.tell(TranscriptionProgress("utt_1", TranscriptDelta("Guten")))
    running.transcribe("utt_1", "Guten Morgen.")

    (start,) = [output for output in heard if isinstance(output, StartTranscription)]
    assert start.hints.model == "whisper-1"
    fed = [output.data for output in heard if isinstance(output, FeedTranscription)]
    assert sum(map(len, fed)) == len(started(heard)[0].request.audio)
    assert any(isinstance(output, PauseTranscription) for output in heard)
    assert EndTranscription("utt_1") in heard
    assert deltas(running.outputs, "input") == "Guten Morgen."


def test_the_transcriber_is_told_when_the_speaker_goes_on() -> None:
    running = Running()
    running.update(TRANSCRIBED)

    outputs = [*running.hear(0.9, 640), *running.hear(0.0, 192), *running.hear(0.9, 64)]

    told = [type(o) for o in outputs if isinstance(o, PauseTranscription | ResumeTranscription)]
    assert told == [PauseTranscription, ResumeTranscription]


def test_words_come_in_the_order_in_which_they_were_spoken() -> None:
    running = Running()
    running.update(TRANSCRIBED)
    running.say()
    running.say()

    assert deltas(running.transcribe("utt_2", "Zwei."), "input") == ""
    assert deltas(running.transcribe("utt_1", "Eins."), "input") == "Eins. Zwei."
