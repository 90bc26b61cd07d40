"""What fails in a translation session costs an utterance, or an error."""

from tests.core.translation_sessions import TRANSCRIBED, Running, errors, started
from vivavoce.core.inputs import TranscriptionFailed, TranslationFailed
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.interfaces import MalformedEvent, TextDelta, Translated


def test_a_failed_translation_costs_one_utterance_and_an_error() -> None:
    running = Running()
    running.say()
    running.say()

    outputs = running.tell(TranslationFailed("utt_1", "It broke.", "engine_error"))

    assert errors(outputs) == ["engine_error"]
    assert [order.utterance_id for order in started(outputs)] == ["utt_2"]


def test_a_needed_transcript_that_fails_costs_one_utterance_and_an_error() -> None:
    running = Running(TranslationOptions(needs_transcript=True))
    running.say()
    running.say()
    running.transcribe("utt_2", "Zwei.")

    outputs = running.tell(TranscriptionFailed("utt_1", "It broke.", "engine_error"))

    assert errors(outputs) == ["engine_error"]
    assert [order.utterance_id for order in started(outputs)] == ["utt_2"]


def test_a_transcript_that_fails_while_somebody_speaks_costs_this_utterance_alone() -> None:
    running = Running(TranslationOptions(needs_transcript=True))
    running.hear(0.9, 640)

    running.tell(TranscriptionFailed("utt_1", "It broke.", "engine_error"))
    running.hear(0.0, 512)
    running.say()

    assert [order.utterance_id for order in started(running.transcribe("utt_2", "Zwei."))] == [
        "utt_2"
    ]


def test_a_lost_transcript_costs_no_translation_of_what_was_heard() -> None:
    running = Running()
    running.update(TRANSCRIBED)
    running.hear(0.9, 640)

    outputs = running.tell(TranscriptionFailed("utt_1", "It broke.", "engine_error"))
    (order,) = started(running.hear(0.0, 512))

    assert errors(outputs) == ["engine_error"]
    assert order.utterance_id == "utt_1"


def test_what_comes_late_of_a_failed_utterance_is_dropped() -> None:
    running = Running()
    running.say()
    running.tell(TranslationFailed("utt_1", "It stalled.", "engine_stalled"))

    assert running.report("utt_1", TextDelta("Hello."), Translated()) == []


def test_what_waits_for_too_long_is_given_up() -> None:
    running = Running()

    for _ in range(5):
        running.hear(0.9, 19_008)
        running.hear(0.0, 512)

    assert "translation_behind" in errors(running.outputs)
    (order,) = started(running.report("utt_1", Translated()))
    assert order.utterance_id == "utt_3"


def test_a_malformed_event_gets_an_error() -> None:
    outputs = Running().tell(MalformedEvent("No.", "invalid_json", None, "mine"))

    assert errors(outputs) == ["invalid_json"]
