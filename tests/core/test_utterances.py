from vivavoce.core.turn_detector import SpeechStarted, SpeechStopped
from vivavoce.core.utterances import LONGEST_MS, UtteranceDetector
from vivavoce.interfaces import FRAME_MS


def boundaries(*stretches: tuple[float, int], silence_duration_ms: int = 500) -> list[int]:
    """Return starts and ends in ms."""
    detector = UtteranceDetector(silence_duration_ms)
    found: list[int] = []
    for probability, ms in stretches:
        for _ in range(ms // FRAME_MS):
            match detector.push(probability):
                case SpeechStarted(start_ms):
                    found.append(start_ms)
                case SpeechStopped(end_ms):
                    found.append(end_ms)
                case _:
                    pass
    return found


def test_a_short_utterance_outlasts_a_breath() -> None:
    assert boundaries((0.9, 960), (0.0, 256), (0.9, 960), (0.0, 512)) == [0, 2_688]


def test_an_operator_who_wants_shorter_pauses_gets_them() -> None:
    assert boundaries((0.9, 960), (0.0, 128), silence_duration_ms=100) == [0, 1_088]


def test_who_does_not_pause_is_cut_and_nothing_is_lost() -> None:
    found = boundaries((0.9, 64_000))

    assert found == [0, LONGEST_MS, LONGEST_MS, 2 * LONGEST_MS, 2 * LONGEST_MS, 60_000, 60_000]
