"""Where only the client ends turns, speech is recognised as it comes, and long silence is not."""

from vivavoce.core.outputs import FeedTranscription, Output
from vivavoce.core.turn_detector import SpeechStarted
from vivavoce.core.turns import BEFORE_RESUMED_MS, HELD_SILENCE_MS, Turns
from vivavoce.ids import counting_ids
from vivavoce.interfaces import FRAME_MS
from vivavoce.media.pcm import BYTES_PER_MS
from vivavoce.protocol.audio_settings import PcmFormat, ServerVad
from vivavoce.protocol.session import AudioInput

MANUAL = AudioInput(format=PcmFormat(), turn_detection=None)
DETECTED = AudioInput(
    format=PcmFormat(),
    turn_detection=ServerVad(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=500),
)


class Speech:
    """Turns that follow speech, and what was fed of it."""

    def __init__(self, settings: AudioInput = MANUAL) -> None:
        self._outputs: list[Output] = []
        self.turns = Turns(counting_ids(), self._outputs.append)
        self.turns.configure(settings, follows=True)

    def hear(self, probability: float, n_frames: int) -> None:
        for _ in range(n_frames):
            for mark in self.turns.hear(bytes(FRAME_MS * BYTES_PER_MS), [probability]):
                assert isinstance(mark, SpeechStarted)
                self.turns.follow(mark)

    @property
    def fed_ms(self) -> float:
        fed = [one for one in self._outputs if isinstance(one, FeedTranscription)]
        return sum(len(one.data) for one in fed) / BYTES_PER_MS


def test_nothing_is_fed_before_somebody_speaks() -> None:
    speech = Speech()
    speech.hear(0.0, 100)

    assert speech.turns.item_id is None
    assert speech.fed_ms == 0


def test_speech_is_fed_from_shortly_before_it_began_and_the_item_is_all_that_was_heard() -> None:
    speech = Speech()
    speech.hear(0.0, 100)
    speech.hear(1.0, 10)

    assert speech.fed_ms == 300 + 10 * FRAME_MS
    item_id, audio, is_transcribed = speech.turns.take_all()
    assert (item_id, is_transcribed) == ("item_1", True)
    assert len(audio) == 110 * FRAME_MS * BYTES_PER_MS


def test_a_long_silence_is_not_fed_but_for_its_ends() -> None:
    speech = Speech()
    speech.hear(1.0, 10)
    speech.hear(0.0, 1_000)
    assert speech.fed_ms == 10 * FRAME_MS + HELD_SILENCE_MS

    speech.hear(1.0, 10)

    n_fed_ms = 10 * FRAME_MS + HELD_SILENCE_MS + BEFORE_RESUMED_MS + 9 * FRAME_MS
    assert abs(speech.fed_ms - n_fed_ms) <= FRAME_MS
    _, audio, _ = speech.turns.take_all()
    assert len(audio) == 1_020 * FRAME_MS * BYTES_PER_MS


def test_a_short_silence_is_fed_whole() -> None:
    speech = Speech()
    for _ in range(4):
        speech.hear(1.0, 10)
        speech.hear(0.0, 10)

    assert speech.fed_ms == 80 * FRAME_MS


def test_what_was_heard_before_speech_was_followed_is_fed_too() -> None:
    speech = Speech(DETECTED)
    for _ in speech.turns.hear(bytes(20 * FRAME_MS * BYTES_PER_MS), [1.0] * 20):
        pass
    speech.turns.abandon()
    speech.turns.configure(MANUAL, follows=True)
    speech.hear(0.0, 30)
    speech.hear(1.0, 10)

    assert speech.fed_ms == 60 * FRAME_MS
