"""The official package for Node, newest version, over TLS, which it insists on.

`OpenAIRealtimeWS` is the class for servers: it shows its key in a header. `OpenAIRealtimeWebSocket`
is the one for browsers: it shows its key in a subprotocol.
"""

import pytest

from tests.clients.playing import Played, played_by_node, websocket_flag

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["openai_ws", "openai_websocket"])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    program: str = request.param
    folder = tmp_path_factory.mktemp(program)
    return played_by_node(program, folder, *websocket_flag(), tls=True)


def test_a_text_turn(played: Played) -> None:
    assert played["text"] == {
        "answer": "The capital of France is Paris.",
        "status": "completed",
        "output_tokens": 6,
    }


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
    seen = played["wrong_event"]

    assert (seen["error"]["code"], seen["error"]["param"]) == ("invalid_value", "type")
    assert seen["error"]["event_id"] == "mine"
    assert seen["answer"] == "The capital of France is Paris."
