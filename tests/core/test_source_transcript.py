from vivavoce.core.source_transcript import SourceTranscript
from vivavoce.interfaces import Transcript, TranscriptDelta, TranscriptSoFar


def transcript() -> tuple[SourceTranscript, list[str]]:
    sent: list[str] = []
    source = SourceTranscript(sent.append)
    for utterance_id in ("utt_1", "utt_2"):
        source.begin(utterance_id, is_reported=True)
    return source, sent


def test_deltas_and_the_rest_of_the_transcript_make_one_text() -> None:
    source, sent = transcript()

    source.advance("utt_1", TranscriptDelta(" Guten"))
    source.advance("utt_1", TranscriptSoFar("Guten Tag"))
    text = source.advance("utt_1", Transcript("Guten Morgen."))

    assert sent == ["Guten", " Morgen."]
    assert text == "Guten Morgen."


def test_what_was_sent_is_never_said_again() -> None:
    source, sent = transcript()

    source.advance("utt_1", TranscriptDelta("Guten Tag"))
    source.advance("utt_1", Transcript("Guter Tag."))

    assert sent == ["Guten Tag"]


def test_a_failed_utterance_lets_the_next_one_through() -> None:
    source, sent = transcript()
    source.advance("utt_2", Transcript("Zwei."))
    assert sent == []

    assert source.fail("utt_1")

    assert sent == ["Zwei."]
    assert not source


def test_what_nobody_waits_for_is_ignored() -> None:
    source, sent = transcript()
    source.advance("utt_1", Transcript("Eins."))

    assert source.advance("utt_1", Transcript("Noch einmal.")) is None
    assert not source.fail("utt_1")
    assert sent == ["Eins."]
