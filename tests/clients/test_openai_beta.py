"""The last official Python package 1.x: `client.beta.realtime`, which speaks the Beta dialect."""

import pytest

from tests.clients.playing import Played, played_by_python

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return played_by_python("openai-beta", "openai_beta", tmp_path_factory.mktemp("openai"))


def test_a_text_turn(played: Played) -> None:
    assert played["text"] == {"answer": "The capital of France is Paris.", "status": "completed"}


def test_recorded_speech_is_cut_by_server_vad_heard_and_answered(played: Played) -> None:
    assert played["speech"] == {
        "heard": "Go forward ten meters.",
        "answer": "Going forward, ten meters.",
        "audio_ms": 1200,
    }


def test_speech_interrupts_an_answer_and_is_answered_itself(played: Played) -> None:
    assert played["interruption"] == {
        "status": "cancelled",
        "reason": "turn_detected",
        "audio_end_ms": 200,
        "next": "Going forward, ten meters.",
    }


def test_a_function_call_there_and_back(played: Played) -> None:
    assert played["function_call"] == {
        "name": "get_weather",
        "arguments": {"city": "Oslo"},
        "answer": "It is sunny in Oslo.",
    }


def test_a_wrong_event_is_refused_by_name_and_the_session_goes_on(played: Played) -> None:
    assert played["wrong_event"] == {
        "event_id": "mine",
        "param": "type",
        "answer": "The capital of France is Paris.",
    }
