"""The playground with the bundled models: spoken questions, an interruption, answers aloud."""

from pathlib import Path

import pytest

from tests.playground.browsing import PICTURES, scenes_of, write_conversation
from tests.served import served

pytestmark = [pytest.mark.browser, pytest.mark.models, pytest.mark.timeout(300)]


async def test_spoken_questions_are_answered_and_an_answer_is_interrupted(tmp_path: Path) -> None:
    write_conversation(tmp_path)

    async with served("--profile", "light", WRTC_ALLOW_LOOPBACK="1") as (url, _):
        address = url.removesuffix("v1")
        played = await scenes_of("real", address, str(tmp_path), str(PICTURES), "light")

    seen = played["light"]
    said = [entry["said"] for entry in seen["transcript"]]
    assert said[0] == "What is the capital of France?"
    assert "Paris" in said[1]
    assert seen["transcript"][3]["unheard"] != ""
    assert "week" in said[4]
    assert seen["badge"] == "WebRTC"
    assert seen["level"] > -40
    assert len(seen["drawn"]) == 3
