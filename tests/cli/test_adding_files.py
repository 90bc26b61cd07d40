from pathlib import Path

import pytest

from tests.tools.files.hashed_words import HashedWords, opened_documents
from vivavoce.api.documents import Documents
from vivavoce.cli.adding_files import Folder, Summary, add_to_store
from vivavoce.errors import ConfigError, EngineError


class Interrupted(HashedWords):
    """An embedder that is had for so many passages only."""

    def __init__(self, n_texts: int) -> None:
        super().__init__()
        self._n_texts = n_texts

    async def embed(self, texts: object) -> bytes:
        assert isinstance(texts, list)
        if texts and len(self.texts) >= self._n_texts:
            raise EngineError("interrupted")
        return await super().embed(texts)


def folder_of(path: Path, **texts: str) -> Folder:
    path.mkdir(exist_ok=True)
    for name, text in texts.items():
        (path / f"{name}.txt").write_text(text)
    return Folder.of(path, None)


async def added(documents: Documents, folder: Folder) -> Summary:
    return await add_to_store(documents, folder)


async def test_only_what_is_new_or_changed_is_embedded(tmp_path: Path) -> None:
    embedder = HashedWords()
    async with opened_documents(tmp_path, embedder) as documents:
        first = await added(documents, folder_of(tmp_path / "d", a="Apples.", b="Pears."))
        second = await added(documents, folder_of(tmp_path / "d", b="Plums.", c="Figs."))

    assert (first.n_added, first.n_unchanged, first.n_files) == (2, 0, 2)
    assert (second.n_added, second.n_unchanged, second.n_files) == (2, 1, 3)
    assert embedder.texts == ["Apples.", "Pears.", "Plums.", "Figs."]


async def test_after_an_interruption_it_goes_on_where_it_was(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "d", a="Apples.", b="Pears.", c="Plums.")
    async with opened_documents(tmp_path, Interrupted(n_texts=1)) as documents:
        with pytest.raises(EngineError):
            await added(documents, folder)
    embedder = HashedWords()
    async with opened_documents(tmp_path, embedder) as documents:
        summary = await added(documents, folder)

    assert (summary.n_added, summary.n_unchanged, summary.n_files) == (2, 1, 3)
    assert embedder.texts == ["Pears.", "Plums."]


async def test_what_cannot_be_read_is_named_and_the_rest_is_added(tmp_path: Path) -> None:
    folder_of(tmp_path / "d", a="Apples.", large="x" * 1_000_001)
    (tmp_path / "d" / "broken.pdf").write_bytes(b"?")
    (tmp_path / "d" / ".hidden.txt").write_text("unseen")
    (tmp_path / "d" / "picture.png").write_bytes(b"?")
    async with opened_documents(tmp_path) as documents:
        summary = await added(documents, Folder.of(tmp_path / "d", "shelf"))

    assert (summary.n_added, summary.n_files) == (1, 1)
    assert summary.failed.keys() == {"broken.pdf", "large.txt"}
    assert "larger than 1 MB" in summary.failed["large.txt"]


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no text"):
        Folder.of(tmp_path, None)
    with pytest.raises(ConfigError, match="there is no"):
        Folder.of(tmp_path / "none", None)
