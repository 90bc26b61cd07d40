"""LiveKit's realtime model for OpenAI, used alone, without a room.

It asks for semantic_vad unless told otherwise, gives items ids of its own and waits 5 s for each to
be added; and it waits for the response that carries the metadata of its request.
"""

import pytest

from tests.clients.playing import Played, played_by_python

pytestmark = pytest.mark.slow

SPOKEN_TURN = {
    "heard": ["Go forward ten meters."],
    "answer": "Going forward, ten meters.",
    "audio_ms": 1200,
    "errors": [],
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return played_by_python("livekit", "livekit_plugin", tmp_path_factory.mktemp("livekit"))


def test_a_text_turn_is_spoken(played: Played) -> None:
    assert played["text"] == {
        "answer": "The capital of France is Paris.",
        "audio_ms": 1800,
        "errors": [],
    }


def test_recorded_speech_is_a_turn_by_semantic_vad(played: Played) -> None:
    assert played["speech"] == SPOKEN_TURN


def test_recorded_speech_is_a_turn_by_server_vad(played: Played) -> None:
    assert played["speech_with_server_vad"] == SPOKEN_TURN


def test_speech_interrupts_an_answer_which_the_client_cancels_and_truncates(played: Played) -> None:
    assert played["interruption"] == {
        "audio_end_ms": 200,
        "answer": "Going forward, ten meters.",
        "errors": [],
    }


def test_a_function_call_there_and_back(played: Played) -> None:
    assert played["function_call"] == {
        "name": "get_weather",
        "arguments": {"city": "Oslo"},
        "answer": "It is sunny in Oslo.",
        "errors": [],
    }


def test_a_wrong_event_is_a_recoverable_error_and_the_session_goes_on(played: Played) -> None:
    seen = played["wrong_event"]

    assert (seen["code"], seen["event_id"]) == ("invalid_value", "mine")
    assert seen["recoverable"] is True
    assert seen["answer"] == "The capital of France is Paris."
