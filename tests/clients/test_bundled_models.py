"""Every real client against the bundled models, as `make serve` starts them.

What a model of this size answers is its own affair; that each scene is played to its end, that the
right words were heard and that tools are called is ours. Run with
`make test-clients ARGS="-m 'slow and models'"`.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.bundled_models import model_dir
from tests.clients.playing import (
    Played,
    played_by_node,
    played_by_python,
    played_here,
    websocket_flag,
)

pytestmark = [pytest.mark.slow, pytest.mark.models, pytest.mark.timeout(300)]

SERVE = ("--profile", "standard")
PLAYERS: dict[str, Callable[[Path], Played]] = {
    "openai for Node": lambda folder: played_by_node(
        "openai_ws", folder, *websocket_flag(), tls=True, serve=SERVE
    ),
    "openai for browsers": lambda folder: played_by_node(
        "openai_websocket", folder, *websocket_flag(), tls=True, serve=SERVE
    ),
    "agents-js": lambda folder: played_by_node("agents", folder, serve=SERVE),
    "openai-agents": partial(played_by_python, "openai-agents", "openai_agents", serve=SERVE),
    "livekit": partial(played_by_python, "livekit", "livekit_plugin", serve=SERVE),
    "pipecat": partial(played_by_python, "pipecat", "pipecat_service", serve=SERVE),
    "openai 1.x": partial(played_by_python, "openai-beta", "openai_beta", serve=SERVE),
    "websocket-client": partial(
        played_by_python, "websocket-client", "websocket_client", serve=SERVE
    ),
    "reference Beta client": partial(played_here, "reference_beta", serve=SERVE),
    "Twilio's demo": partial(played_here, "twilio", serve=SERVE),
}


@pytest.fixture(scope="module", params=PLAYERS)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("client")
    (folder / "models").symlink_to(model_dir("whisper-base").parent)
    return PLAYERS[request.param](folder)


def test_a_text_turn_is_answered(played: Played) -> None:
    assert "Paris" in str(played["text"])


def test_speech_is_heard_and_answered(played: Played) -> None:
    seen = played["speech"]

    assert "Go forward 10 meters." in str(seen)
    assert any(seen.get(name) for name in ("answer", "words", "said", "history"))


def test_speech_interrupts_an_answer(played: Played) -> None:
    seen = played["interruption"]

    assert seen.get("errors", []) in ([], ["response_cancel_not_active"])
    assert seen.get("status", "cancelled") == "cancelled"


def test_a_tool_is_called_and_its_output_spoken(played: Played) -> None:
    assert "unny" in str(played["function_call"])


def test_a_wrong_event_does_not_end_the_session(played: Played) -> None:
    seen = played["wrong_event"]

    assert "left" in seen or "Paris" in str(seen)
