"""The messages of Twilio's demo: Beta dialect, mu-law of 8 kHz in and out, 20 ms at a time."""

import pytest

from tests.clients.playing import Played, played_here

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return played_here("twilio", tmp_path_factory.mktemp("twilio"))


def test_the_assistant_can_be_made_to_speak_first(played: Played) -> None:
    assert played["text"] == {"words": "The capital of France is Paris.", "audio_ms": 1800}


def test_recorded_speech_is_cut_by_server_vad_heard_and_answered(played: Played) -> None:
    assert played["speech"] == {
        "heard": ["Go forward ten meters."],
        "words": "Going forward, ten meters.",
        "audio_ms": 1200,
    }


def test_the_caller_interrupts_and_the_demo_truncates_by_the_time_of_its_media(
    played: Played,
) -> None:
    seen = played["interruption"]

    assert seen["status"] == "cancelled"
    (truncated_ms,) = seen["truncated_ms"]
    assert 0 < truncated_ms <= 1000
    assert "heard enough" not in seen["words"]
    assert seen["words"].endswith("Going forward, ten meters.")


def test_a_function_call_is_answered_from_its_output_item(played: Played) -> None:
    assert played["function_call"] == {"words": "It is sunny in Oslo."}


def test_audio_that_is_not_base64_is_refused_and_the_call_goes_on(played: Played) -> None:
    assert played["wrong_event"] == {"event_id": "x", "words": "The capital of France is Paris."}
