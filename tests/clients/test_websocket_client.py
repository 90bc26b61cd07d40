"""`websocket-client` as in the first examples of the API: plain JSON of the Beta dialect."""

import pytest

from tests.clients.playing import Played, played_by_python

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("websocket")
    return played_by_python("websocket-client", "websocket_client", folder)


def test_a_text_turn(played: Played) -> None:
    assert played["text"] == {"answer": "The capital of France is Paris."}


def test_recorded_speech_is_cut_by_server_vad_heard_and_answered(played: Played) -> None:
    assert played["speech"] == {
        "heard": "Go forward ten meters.",
        "answer": "Going forward, ten meters.",
    }


def test_speech_interrupts_an_answer_and_is_answered_itself(played: Played) -> None:
    assert played["interruption"] == {"status": "cancelled", "next": "Going forward, ten meters."}


def test_a_function_call_there_and_back(played: Played) -> None:
    assert played["function_call"] == {
        "arguments": {"city": "Oslo"},
        "answer": "It is sunny in Oslo.",
    }


def test_wrong_events_are_refused_and_the_session_goes_on(played: Played) -> None:
    assert played["wrong_event"] == {
        "no_json": "invalid_request_error",
        "event_id": "mine",
        "answer": "The capital of France is Paris.",
    }
