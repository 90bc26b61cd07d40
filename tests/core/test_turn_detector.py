"""Turn boundaries from speech probabilities."""

from vivavoce.core.turn_detector import (
    SilenceGrew,
    SpeechResumed,
    SpeechStarted,
    SpeechStopped,
    TurnDetector,
    TurnMark,
)

SPEECH = 0.9
SILENCE = 0.1


def push(detector: TurnDetector, *probabilities: float) -> list[TurnMark]:
    marks = [detector.push(probability) for probability in probabilities]
    return [mark for mark in marks if mark is not None]


def test_one_loud_frame_is_no_turn() -> None:
    assert push(TurnDetector(), SPEECH, SILENCE, SPEECH, SILENCE) == []


def test_two_frames_in_a_row_start_a_turn_with_padding_before_them() -> None:
    detector = TurnDetector(prefix_padding_ms=100)

    marks = push(detector, *[SILENCE] * 10, SPEECH, SPEECH)

    assert marks == [SpeechStarted(320 - 100)]


def test_padding_does_not_reach_before_the_start_of_the_audio() -> None:
    assert push(TurnDetector(prefix_padding_ms=300), SPEECH, SPEECH) == [SpeechStarted(0)]


def test_padding_does_not_reach_into_the_turn_before() -> None:
    detector = TurnDetector(prefix_padding_ms=5000, silence_duration_ms=64)
    push(detector, SPEECH, SPEECH, SILENCE, SILENCE)

    assert push(detector, SPEECH, SPEECH) == [SpeechStarted(128)]


def test_the_threshold_itself_counts_as_speech() -> None:
    assert push(TurnDetector(threshold=0.7), 0.7, 0.7) == [SpeechStarted(0)]
    assert push(TurnDetector(threshold=0.7), 0.69, 0.69) == []


def test_a_turn_stops_after_enough_silence_and_counts_it_in() -> None:
    detector = TurnDetector(silence_duration_ms=96)
    push(detector, SPEECH, SPEECH)

    assert push(detector, SILENCE, SILENCE, SILENCE) == [
        SilenceGrew(32),
        SilenceGrew(64),
        SpeechStopped(160, 96),
    ]
    assert not detector.speaking


def test_speech_within_a_turn_ends_the_pause() -> None:
    detector = TurnDetector(silence_duration_ms=96)
    push(detector, SPEECH, SPEECH)

    assert push(detector, SILENCE, SPEECH, SPEECH) == [SilenceGrew(32), SpeechResumed()]
    assert detector.silence_ms == 0
    assert push(detector, SILENCE, SILENCE) == [SilenceGrew(32), SilenceGrew(64)]


def test_silence_is_measured_within_a_turn_only() -> None:
    detector = TurnDetector()
    push(detector, SILENCE, SILENCE)
    assert detector.silence_ms == 0

    push(detector, SPEECH, SPEECH, SILENCE)
    assert detector.silence_ms == 32


def test_time_passes_while_turn_detection_is_off() -> None:
    detector = TurnDetector(prefix_padding_ms=0)

    detector.skip(100)

    assert push(detector, SPEECH, SPEECH) == [SpeechStarted(3200)]


def test_a_reset_forgets_the_turn_and_bounds_the_next() -> None:
    detector = TurnDetector()
    push(detector, SPEECH, SPEECH, SPEECH)

    detector.reset(earliest_start_ms=80)

    assert not detector.speaking
    assert push(detector, SPEECH) == []
    assert push(detector, SPEECH) == [SpeechStarted(80)]
