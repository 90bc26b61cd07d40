"""How utterances become translations, one after the other."""

from tests.core.translation_sessions import Running, deltas, events, lengths_ms, started, types
from vivavoce.core.interpreting import FRAME_BYTES
from vivavoce.core.translation_options import TranslationOptions
from vivavoce.interfaces import AudioDelta, TextDelta, Translated, TranslatedText


def test_an_utterance_is_translated_when_it_is_over() -> None:
    running = Running()

    running.hear(0.0, 1_024)
    assert started(running.hear(0.9, 960)) == []
    (order,) = started(running.hear(0.0, 512))

    assert order.request.language == "en"
    assert lengths_ms(running) == [300 + 960 + 512]  # with the padding before it


def test_text_and_whole_frames_of_sound_go_out() -> None:
    running = Running()
    running.say()

    outputs = running.report(
        "utt_1",
        TextDelta("Good morning. "),
        AudioDelta(bytes(FRAME_BYTES + 2)),
        TextDelta("How are you?"),
        AudioDelta(bytes(FRAME_BYTES)),
        Translated("de"),
    )

    assert types(outputs) == [
        "session.output_transcript.delta",
        "session.output_audio.delta",
        "session.output_transcript.delta",
        "session.output_audio.delta",
        "session.output_audio.delta",
    ]
    sizes = {len(getattr(e, "delta", "")) for e in events(outputs) if "Audio" in type(e).__name__}
    assert sizes == {FRAME_BYTES}
    assert {getattr(event, "elapsed_ms", None) for event in events(outputs)} == {1_400}


def test_sentences_are_joined_with_a_space_where_the_script_has_one() -> None:
    running = Running()
    for number, text in enumerate(("Hello.", " World.", "你好。", "再见。"), 1):
        running.say()
        running.report(f"utt_{number}", TextDelta(text), Translated())

    assert deltas(running.outputs, "output") == "Hello. World. 你好。再见。"


def test_the_next_utterance_waits_until_the_one_before_was_said() -> None:
    running = Running()
    running.say()

    assert started(running.say()) == []
    (order,) = started(running.report("utt_1", Translated("de")))

    assert order.utterance_id == "utt_2"
    assert order.request.likely_language == "de"


def test_a_translator_of_texts_is_given_the_transcript_and_what_was_said_before() -> None:
    running = Running(TranslationOptions(needs_transcript=True))

    assert started(running.say()) == []
    (first,) = started(running.transcribe("utt_1", "Guten Morgen."))
    running.report("utt_1", TextDelta("Good morning."), Translated())
    running.say()
    (second,) = started(running.transcribe("utt_2", "Danke."))

    assert (first.request.text, first.request.audio) == ("Guten Morgen.", b"")
    assert second.request.earlier == (TranslatedText("Guten Morgen.", "Good morning."),)
    assert deltas(running.outputs, "input") == ""  # the client did not ask


def test_noise_is_not_translated() -> None:
    running = Running(TranslationOptions(needs_transcript=True))
    running.say()

    assert started(running.transcribe("utt_1", "")) == []
    assert types(running.close())[-2:] == ["session.closed", "Close"]


def test_a_long_utterance_ends_at_a_breath_and_a_very_long_one_anywhere() -> None:
    running = Running()

    running.hear(0.9, 8_992)
    running.hear(0.0, 224)
    running.hear(0.9, 15_008)
    running.hear(0.0, 64)
    running.hear(0.9, 40_000)
    running.report("utt_1", Translated())
    running.report("utt_2", Translated())
    running.report("utt_3", Translated())

    assert [round(length, -3) for length in lengths_ms(running)] == [9_000, 15_000, 20_000, 20_000]


def test_no_sound_is_lost_where_an_utterance_is_cut() -> None:
    running = Running()

    running.hear(0.9, 50_016)
    running.close()
    for number in range(1, 4):
        running.report(f"utt_{number}", Translated())

    assert sum(lengths_ms(running)) == 50_016
