from pathlib import Path

import pytest

from tests.bundled_models import model_dir
from tests.recordings import recording
from vivavoce.engines.turn_judges.smart_turn import open_engine
from vivavoce.errors import ConfigError
from vivavoce.media.pcm import BYTES_PER_MS, Pcm, silence


def settings() -> dict[str, object]:
    return {"model_path": str(model_dir("smart-turn-v3.2") / "smart-turn-v3.2-cpu.onnx")}


@pytest.mark.models
async def test_a_whole_sentence_is_finished_and_a_broken_one_is_not() -> None:
    sentence = recording("jfk").data
    pause = silence(200).data

    async with open_engine(settings()) as judge:
        whole = await judge.judge(Pcm(sentence + pause))
        broken = await judge.judge(Pcm(sentence[: 4_200 * BYTES_PER_MS] + pause))

    assert whole > 0.5 > broken


async def test_a_model_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no end-of-turn model"):
        async with open_engine({"model_path": str(tmp_path / "nothing.onnx")}):
            pass
