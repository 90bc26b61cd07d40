"""The reference Beta client: what it sends, and the strict copy of the conversation that it keeps.

Its rules are in `python/reference_conversation.py`: an event about an item that it does not know,
or null where it appends, would raise there and fail the scene.
"""

import pytest

from tests.clients.playing import Played, played_here

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return played_here("reference_beta", tmp_path_factory.mktemp("reference"))


def test_a_text_turn(played: Played) -> None:
    assert played["text"] == {"text": "The capital of France is Paris.", "status": "completed"}


def test_recorded_speech_is_cut_by_server_vad_heard_and_answered(played: Played) -> None:
    seen = played["speech"]

    assert seen["heard"] == "Go forward ten meters."
    assert seen["said"] == "Going forward, ten meters."
    assert seen["audio_ms"] == 1200
    assert 2000 < seen["speech_ms"] < 3500  # the recording has 2.8 s


def test_speech_committed_by_hand_is_answered_when_asked(played: Played) -> None:
    assert played["push_to_talk"] == {"said": "Going forward, ten meters."}


def test_speech_interrupts_an_answer_which_the_client_cancels_and_truncates(played: Played) -> None:
    """The cancel comes too late: the server did it when speech started, and says so."""
    assert played["interruption"] == {
        "status": "cancelled",
        "item_status": "incomplete",
        "kept_ms": 200,
        "errors": ["response_cancel_not_active"],
        "said": "Going forward, ten meters.",
    }


def test_a_function_call_there_and_back(played: Played) -> None:
    assert played["function_call"] == {
        "arguments": {"city": "Oslo"},
        "status": "completed",
        "said": "It is sunny in Oslo.",
    }


def test_a_wrong_event_is_refused_by_its_id_and_the_session_goes_on(played: Played) -> None:
    seen = played["wrong_event"]

    assert [code for code, _ in seen["errors"]] == ["item_delete_invalid_item_id"]
    assert seen["errors"][0][1].startswith("evt_")
    assert seen["left"] == ["user"]
