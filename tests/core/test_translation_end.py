"""How a translation session closes or expires."""

from tests.core.translation_sessions import TRANSCRIBED, Running, errors, started, types
from vivavoce.core.inputs import Tick
from vivavoce.core.outputs import Close
from vivavoce.interfaces import AudioDelta, TextDelta, Translated


def test_closing_translates_what_is_pending_first() -> None:
    running = Running()
    running.update(TRANSCRIBED)
    running.hear(0.9, 960)

    closing = running.close()
    said = running.report("utt_1", TextDelta("Bye."), AudioDelta(bytes(2)), Translated())
    last = running.transcribe("utt_1", "Tschüss.")

    assert [order.utterance_id for order in started(closing)] == ["utt_1"]
    assert types(said) == ["session.output_transcript.delta", "session.output_audio.delta"]
    assert types(last) == ["session.input_transcript.delta", "session.closed", "Close"]
    assert last[-1] == Close(1000, "")


def test_a_silent_session_closes_at_once() -> None:
    assert types(Running().close()) == ["session.closed", "Close"]


def test_nothing_is_taken_in_while_the_session_closes() -> None:
    running = Running()
    running.say()
    running.close()

    assert running.hear(0.9, 960) == []
    assert errors(running.update({})) == ["invalid_event"]


def test_nothing_is_sent_after_the_end() -> None:
    running = Running()
    running.close()

    assert running.update({}) == []
    assert running.rules.next_deadline is None


def test_the_session_expires() -> None:
    running = Running()
    assert running.rules.next_deadline == 3_600

    running.now = 3_600
    outputs = running.tell(Tick())

    assert errors(outputs) == ["session_expired"]
    assert isinstance(outputs[-1], Close)
    assert outputs[-1].code == 1001
