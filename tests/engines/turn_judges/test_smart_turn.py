from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bundled_models import model_dir
from tests.recordings import WORDS, recording
from vivavoce.engines.turn_judges.smart_turn import open_engine
from vivavoce.errors import ConfigError
from vivavoce.interfaces import TurnJudge
from vivavoce.media.pcm import BYTES_PER_MS, Pcm, silence

PAUSE = silence(200).data


@pytest.fixture
async def judge() -> AsyncIterator[TurnJudge]:
    async with open_engine({"model_dir": model_dir("smart-turn-v3.2")}) as engine:
        yield engine


@pytest.mark.models
async def test_a_whole_sentence_is_finished(judge: TurnJudge) -> None:
    assert await judge.judge(Pcm(recording("jfk").data + PAUSE)) > 0.5


@pytest.mark.models
@pytest.mark.parametrize("until_ms", [3_500, 4_500, 7_000, 9_000])
async def test_a_sentence_cut_off_is_not(judge: TurnJudge, until_ms: int) -> None:
    begun = recording("jfk").data[: until_ms * BYTES_PER_MS]

    assert await judge.judge(Pcm(begun + PAUSE)) < 0.3


@pytest.mark.models
async def test_sound_of_any_length_is_judged(judge: TurnJudge) -> None:
    long = b"".join(recording(name).data for name in WORDS)

    for sound in (b"", bytes(2), long):
        assert 0 <= await judge.judge(Pcm(sound)) <= 1


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "model_dir: this setting is needed"),
        ({"model_dir": Path("no/such")}, "no/such/smart-turn-v3.2-cpu.onnx is missing"),
        ({"model_dir": "x", "threads": 2}, "threads: there is no such setting"),
    ],
)
async def test_settings_that_cannot_be_used_are_refused(
    settings: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        async with open_engine(settings):
            pass
