"""Which sentences are taken to be of a topic."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.bundled_models import model_dir
from vivavoce.engines.embedders.minilm import MODEL, open_embedder
from vivavoce.engines.guards.settings import GuardrailConfig
from vivavoce.engines.guards.topics import open_topic
from vivavoce.errors import EngineError

DIRECTIONS = {"Buy gold.": (1.0, 0.0), "Shares rise.": (0.8, 0.6), "It rains.": (0.0, 1.0)}


class PlainEmbedder:
    """Knows a few sentences."""

    max_tokens = 256
    tokenizer_file: Path | None = None

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def embed(self, texts: Sequence[str]) -> bytes:
        self.asked += texts
        if "fail" in texts:
            raise EngineError("gone")
        return np.array([DIRECTIONS[text.strip()] for text in texts], "<f4").tobytes()


def config(**changes: object) -> GuardrailConfig:
    fields = {"name": "money", "kind": "topics", "examples": ("Buy gold.",), **changes}
    return GuardrailConfig(**fields)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("sentence", "threshold", "is_of_it"),
    [
        ("Shares rise.", None, True),
        ("Shares rise.", 0.9, False),
        ("It rains.", None, False),
    ],
)
async def test_a_sentence_is_of_a_topic_from_a_likeness_on(
    sentence: str, threshold: float | None, is_of_it: bool
) -> None:
    topic = await open_topic(config(threshold=threshold), PlainEmbedder())

    assert await topic.judge(sentence, "") is is_of_it


async def test_a_clause_is_looked_at_with_the_beginning_of_its_sentence() -> None:
    embedder = PlainEmbedder()
    topic = await open_topic(config(), embedder)

    await topic.judge(" rise.", "Well! Shares")

    assert embedder.asked[-1] == "Shares rise."


@pytest.mark.parametrize("on_failure", ["block", "allow"])
async def test_no_verdict_means_what_the_operator_says(on_failure: str) -> None:
    topic = await open_topic(config(on_failure=on_failure), PlainEmbedder())

    assert await topic.judge("fail", "") is (on_failure == "block")


@pytest.mark.models
async def test_the_bundled_model_tells_advice_about_money_from_directions() -> None:
    examples = ("You should buy shares of this company.", "Put your savings into an index fund.")
    async with open_embedder(model_dir(MODEL)) as embedder:
        topic = await open_topic(config(examples=examples), embedder)

        assert await topic.judge("I recommend shares in car makers.", "")
        assert not await topic.judge("The shop is two minutes from the station.", "")
