"""`RealtimeRunner` of the Python package `openai-agents`, with its defaults.

It parses every event with the strict types of the official package; what they refuse becomes an
error of the session and is lost. So an empty list of errors says that each event was to the letter.
"""

import pytest

from tests.clients.playing import Played, played_by_python

pytestmark = pytest.mark.slow

SPOKEN_TURN = {
    "history": [["user", "Go forward ten meters."], ["assistant", "Going forward, ten meters."]],
    "audio_ms": 1200,
    "errors": [],
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return played_by_python("openai-agents", "openai_agents", tmp_path_factory.mktemp("agents"))


def test_a_text_turn(played: Played) -> None:
    assert played["text"] == {
        "history": [
            ["user", "What is the capital of France?"],
            ["assistant", "The capital of France is Paris."],
        ],
        "errors": [],
    }


def test_recorded_speech_is_a_turn_by_semantic_vad(played: Played) -> None:
    assert played["speech"] == SPOKEN_TURN


def test_recorded_speech_is_a_turn_by_server_vad(played: Played) -> None:
    assert played["speech_with_server_vad"] == SPOKEN_TURN


def test_speech_interrupts_an_answer_which_the_client_truncates(played: Played) -> None:
    seen = played["interruption"]

    assert [role for role, _ in seen["history"]] == ["user", "assistant"] * 2
    assert "heard enough" not in seen["history"][1][1]
    assert seen["history"][3][1] == "Going forward, ten meters."
    assert seen["audio_end_ms"] >= 0
    assert seen["errors"] == []


def test_a_tool_is_called_and_its_result_answered(played: Played) -> None:
    assert played["function_call"] == {
        "cities": ["Oslo"],
        "output": "sunny, 24 degrees",
        "history": [
            ["user", "What is the weather in Oslo?"],
            ["assistant", "It is sunny in Oslo."],
        ],
        "errors": [],
    }


def test_a_handoff_changes_instructions_and_tools_in_mid_session(played: Played) -> None:
    assert played["handoff"] == {
        "to": "refunds",
        "history": [["user", "I want a refund."], ["assistant", "Refunds speaking."]],
        "errors": [],
    }


def test_a_wrong_event_is_an_error_of_the_session_which_goes_on(played: Played) -> None:
    """The client sends no event that its types don't know; this one names an unknown item."""
    seen = played["wrong_event"]

    assert seen["code"] == "item_delete_invalid_item_id"
    assert seen["history"][-1] == ["assistant", "The capital of France is Paris."]
    assert len(seen["errors"]) == 1
