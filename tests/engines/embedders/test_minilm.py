import asyncio
from pathlib import Path

import numpy as np
import pytest

from tests.bundled_models import model_dir
from vivavoce.engines.embedders.minilm import MODEL, open_embedder
from vivavoce.engines.embedders.on_demand import embedder_on_demand
from vivavoce.errors import ConfigError

TEXTS = [
    "Goods can be sent back within thirty days of delivery.",
    "The cat sat on the mat.",
    "word " * 1_000,
]


@pytest.mark.models
async def test_texts_of_one_meaning_are_near_in_any_order_and_batch() -> None:
    async with open_embedder(model_dir(MODEL)) as embedder:
        asked = await embedder.embed(["How long do I have to return a purchase?"])
        found = await embedder.embed(TEXTS * 5)
    question = np.frombuffer(asked, np.float32)
    vectors = np.frombuffer(found, np.float32).reshape(-1, len(question))

    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors[:3], vectors[3:6], atol=2e-2)
    # 0.569 and 0.019 with the 32-bit weights in plain NumPy.
    assert vectors[0] @ question == pytest.approx(0.569, abs=0.03)
    assert vectors[1] @ question == pytest.approx(0.019, abs=0.03)


async def test_a_folder_without_the_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model\.safetensors is missing"):
        async with open_embedder(tmp_path):
            pass


@pytest.mark.models
async def test_the_model_is_opened_when_it_is_first_used() -> None:
    folder = model_dir(MODEL).parent
    opening = embedder_on_demand(folder, None, asyncio.Lock(), can_wait=True)
    async with opening as embedder:
        nothing = await embedder.embed([])
        vector = await embedder.embed(["Hello."])

    assert nothing == b""
    assert len(vector) == 384 * 4
