"""Clients for browsers as they are published, in a page of another origin, over WebRTC."""

import asyncio
from pathlib import Path

import pytest

from tests.clients.playing import Played
from tests.playground.browsing import SCRIPT, scenes_of, write_sounds
from tests.served import served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SPOKEN_TURN = [["user", "Go forward ten meters."], ["assistant", "Going forward, ten meters."]]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return asyncio.run(_played(tmp_path_factory.mktemp("clients")))


async def _played(folder: Path) -> Played:
    write_sounds(folder)
    home = {"VIVAVOCE_HOME": str(folder), "WRTC_ALLOW_LOOPBACK": "1"}
    async with served("--scripted", str(SCRIPT), **home) as (url, _):
        return await scenes_of("clients", url, str(folder))


def test_the_sample_of_the_guide_talks(played: Played) -> None:
    seen = played["guide"]

    assert seen["status"] == 201
    assert seen["location"].startswith("/v1/realtime/calls/rtc_")
    assert seen["transcript"] == "Going forward, ten meters."
    assert "response.output_audio.delta" not in seen["types"]
    assert seen["complaints"] == []


def test_the_code_that_the_playground_writes_for_pages_talks(played: Played) -> None:
    assert played["code"] == {
        "transcript": "Going forward, ten meters.",
        "errors": [],
        "complaints": [],
    }


@pytest.mark.parametrize("scene", ["agents", "agents_beta"])
def test_agents_realtime_calls_a_tool_and_talks(played: Played, scene: str) -> None:
    seen = played[scene]

    assert seen["asked"] == ["orange"]
    assert seen["history"] == [
        ["user", "Make this page orange."],
        ["assistant", "It is orange now."],
        *SPOKEN_TURN,
    ]
    assert seen["errors"] == []


@pytest.mark.parametrize("scene", ["agents_interruption", "agents_beta_interruption"])
def test_speech_interrupts_agents_realtime(played: Played, scene: str) -> None:
    seen = played[scene]

    assert seen["history"][-2:] == SPOKEN_TURN
    assert "conversation.item.truncated" in seen["wire"]
    # It asks for the item that was cut; its sound is too long for a data channel.
    assert {error["code"] for error in seen["errors"]} <= {"message_too_large"}
