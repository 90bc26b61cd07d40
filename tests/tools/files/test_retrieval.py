"""How well the bundled model finds what a made-up handbook says."""

from pathlib import Path

import pytest

from tests.bundled_models import model_dir
from tests.tools.files.handbook import QUESTIONS, write_handbook
from vivavoce.assembly.documents import DocumentsOfSessions, open_documents
from vivavoce.cli.adding_files import Folder, add_folder
from vivavoce.clock import Clock
from vivavoce.config import Loaded
from vivavoce.config_tables import Config, ModelsConfig
from vivavoce.engines.embedders.minilm import MODEL
from vivavoce.ids import seeded_ids
from vivavoce.runtime.background import Background
from vivavoce.tools.files.server import NOTHING_FOUND

OFF_TOPIC = (
    "What is the capital of France?",
    "Tell me a joke.",
    "Who won the football match yesterday?",
)


@pytest.mark.models
async def test_the_right_passage_is_found_and_what_is_not_there_is_not(tmp_path: Path) -> None:
    models = ModelsConfig(folder=str(model_dir(MODEL).parent))
    loaded = Loaded(Config(models=models), data_dir=tmp_path)
    folder = Folder.of(write_handbook(tmp_path / "handbook"), None)

    first = await add_folder(loaded, folder, seed=1)
    again = await add_folder(loaded, folder, seed=2)
    answers, n_first = {}, 0
    async with (
        open_documents(loaded, Clock(), seeded_ids(3)) as documents,
        Background() as background,
    ):
        tool = await DocumentsOfSessions(documents, background).open("sess_1")
        for question, *_ in QUESTIONS:
            answers[question] = await tool.call_tool("look_up", {"query": question})
        strange = [await tool.call_tool("look_up", {"query": text}) for text in OFF_TOPIC]
    for question, filename, words in QUESTIONS:
        lines = answers[question].splitlines()
        assert any(filename in line and words in line for line in lines[:3]), question
        n_first += filename in lines[0] and words in lines[0]

    assert (first.n_added, first.failed) == (5, {})
    assert (again.n_added, again.n_unchanged) == (0, 5)
    assert n_first >= 12  # of 14; 13 when this was written
    assert strange == [NOTHING_FOUND] * len(OFF_TOPIC)
