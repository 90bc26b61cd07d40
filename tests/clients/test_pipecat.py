"""Pipecat's realtime service for OpenAI, in a pipeline without a room.

The strictest client: an event that its models don't know, or any `error`, ends it.
"""

import pytest

from tests.clients.playing import Played, played_by_python

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return played_by_python("pipecat", "pipecat_service", tmp_path_factory.mktemp("pipecat"))


def test_a_text_turn_is_spoken(played: Played) -> None:
    assert played["text"] == {
        "words": "The capital of France is Paris.",
        "audio_ms": 1800,
        "errors": [],
    }


def test_recorded_speech_is_cut_by_server_vad_heard_and_answered(played: Played) -> None:
    assert played["speech"] == {
        "heard": ["Go forward ten meters."],
        "words": "Going forward, ten meters.",
        "audio_ms": 1200,
        "errors": [],
    }


def test_speech_interrupts_an_answer_which_the_client_truncates(played: Played) -> None:
    seen = played["interruption"]

    assert seen["words"].startswith("Once upon a time")
    assert "heard enough" not in seen["words"]
    assert seen["words"].endswith("Going forward, ten meters.")
    assert seen["errors"] == []


def test_a_function_call_there_and_back(played: Played) -> None:
    assert played["function_call"] == {
        "words": "It is sunny in Oslo.",
        "asked": [{"city": "Oslo"}],
        "errors": [],
    }


def test_a_wrong_event_is_an_error_with_its_cause(played: Played) -> None:
    """Whether the session goes on is not to be seen here: any error is the end for this client."""
    seen = played["wrong_event"]

    assert seen["words"] == "The capital of France is Paris."
    assert len(seen["errors"]) == 1
    assert "item.call_id" in seen["errors"][0]
