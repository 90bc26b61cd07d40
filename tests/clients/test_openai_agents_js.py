"""`@openai/agents-realtime` for Node over WebSocket, with its defaults.

Right after connecting it asks for semantic_vad, for transcription and, in a second update, for
tracing. It checks every event with zod, and one that does not pass has no effect: so what these
tests see of history, tools and interruptions was understood to the letter.
"""

import json

import pytest

from tests.clients.playing import Played, played_by_node

pytestmark = pytest.mark.slow

SPOKEN_TURN = {
    "history": [["user", "Go forward ten meters."], ["assistant", "Going forward, ten meters."]],
    "audio_ms": 1200,
    "errors": [],
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return played_by_node("agents", tmp_path_factory.mktemp("agents"))


def test_a_text_turn_is_in_the_history_and_counted(played: Played) -> None:
    seen = played["text"]

    assert seen["history"] == [
        ["user", "What is the capital of France?"],
        ["assistant", "The capital of France is Paris."],
    ]
    assert seen["usage"] > 0
    assert seen["errors"] == []


def test_a_picture_is_added_to_the_conversation(played: Played) -> None:
    seen = played["picture"]  # its own history leaves messages with pictures out

    assert seen["errors"] == []
    assert '"input_image"' in json.dumps(seen["done"])
    assert seen["history"][-1] == ["assistant", "The capital of France is Paris."]


def test_recorded_speech_is_a_turn_by_semantic_vad(played: Played) -> None:
    assert played["speech"] == SPOKEN_TURN


def test_recorded_speech_is_a_turn_by_server_vad(played: Played) -> None:
    assert played["speech_with_server_vad"] == SPOKEN_TURN


def test_speech_interrupts_an_answer_which_the_client_truncates(played: Played) -> None:
    seen = played["interruption"]

    assert [role for role, _ in seen["history"]] == ["user", "assistant"] * 2
    assert seen["history"][1][1].startswith("Once upon a time")
    assert "heard enough" not in seen["history"][1][1]
    assert seen["history"][3][1] == "Going forward, ten meters."
    assert seen["audio_end_ms"] >= 0
    assert seen["errors"] == []


def test_a_tool_is_called_and_its_result_answered(played: Played) -> None:
    assert played["function_call"] == {
        "asked": ["Oslo"],
        "result": "sunny, 24 degrees",
        "history": [
            ["user", "What is the weather in Oslo?"],
            ["assistant", "It is sunny in Oslo."],
        ],
        "errors": [],
    }


def test_a_handoff_changes_instructions_and_tools_in_mid_session(played: Played) -> None:
    assert played["handoff"] == {
        "agent": "refunds",
        "history": [["user", "I want a refund."], ["assistant", "Refunds speaking."]],
        "errors": [],
    }


def test_the_history_can_be_edited(played: Played) -> None:
    assert played["history"] == {
        "history": [["assistant", "The capital of France is Paris."]],
        "errors": [],
    }


def test_a_wrong_event_is_an_error_of_the_session_which_goes_on(played: Played) -> None:
    seen = played["wrong_event"]

    assert (seen["error"]["code"], seen["error"]["event_id"]) == ("invalid_value", "mine")
    assert seen["history"][-1] == ["assistant", "The capital of France is Paris."]
    assert len(seen["errors"]) == 1
