"""The shared head's file, kept beside the model from one run to the next."""

import os
from pathlib import Path

from vivavoce.engines.language_models.llama_cpp.lasting import LastingFile

NAME = "abc.head"


def run(tmp_path: Path, number: int = 1, library: str = "1.0") -> tuple[LastingFile, Path]:
    """Return the file as the `number`-th run of a server sees it, and that run's own folder."""
    folder = tmp_path / f"run-{number}"
    folder.mkdir()
    return LastingFile(tmp_path / "model.gguf", folder, library), folder


def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights")
    return path


def test_what_one_run_kept_the_next_one_has(tmp_path: Path) -> None:
    model(tmp_path)
    first, folder = run(tmp_path, 1)
    (folder / NAME).write_bytes(b"cache")
    first.take(NAME)

    second, its_folder = run(tmp_path, 2)

    assert second.bring(NAME) == len(b"cache")
    assert (its_folder / NAME).read_bytes() == b"cache"


def test_before_anything_was_kept_there_is_nothing(tmp_path: Path) -> None:
    model(tmp_path)
    lasting, folder = run(tmp_path)

    assert lasting.bring(NAME) == 0
    assert list(folder.iterdir()) == []


def test_another_model_library_or_head_finds_nothing_and_one_file_is_left(tmp_path: Path) -> None:
    path = model(tmp_path)
    first, folder = run(tmp_path, 1)
    for name in (NAME, "def.head"):
        (folder / name).write_bytes(b"cache")
    first.take(NAME)

    assert first.bring("def.head") == 0
    assert run(tmp_path, 2, library="1.1")[0].bring(NAME) == 0
    os.utime(path, ns=(1, 1))
    assert run(tmp_path, 3)[0].bring(NAME) == 0
    first.take("def.head")
    assert len(list(tmp_path.glob("*.head"))) == 1


def test_a_broken_file_is_not_given_to_the_runtime(tmp_path: Path) -> None:
    model(tmp_path)
    first, folder = run(tmp_path, 1)
    (folder / NAME).write_bytes(b"cache")
    first.take(NAME)
    [kept] = tmp_path.glob("*.head")
    kept.write_bytes(b"cach")

    second, its_folder = run(tmp_path, 2)

    assert second.bring(NAME) == 0
    assert list(its_folder.iterdir()) == []


def test_a_cache_that_cannot_be_kept_is_no_fault(tmp_path: Path) -> None:
    model(tmp_path)
    lasting, _ = run(tmp_path)

    lasting.take("was never written")

    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["model.gguf"]
