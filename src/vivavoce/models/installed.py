"""What is in the folder of models: one folder for each, whole or not there at all."""

import shutil
from pathlib import Path

from vivavoce.models.catalogue import Model, find_model


def path_of(folder: Path, name: str) -> Path:
    """Return the folder that holds (or would hold) the model's files, under their own names.

    Raises:
        ConfigError: there is no such model.
    """
    find_model(name)
    return folder / name


def is_installed(folder: Path, name: str) -> bool:
    """Say whether all its files are there; their hashes were checked when they came.

    Raises:
        ConfigError: there is no such model.
    """
    return is_whole(folder / name, find_model(name))


def is_whole(model_dir: Path, model: Model) -> bool:
    """Say whether the folder holds all files of the model, by name and size."""
    return all(
        (model_dir / file.name).is_file()
        and (model_dir / file.name).stat().st_size == file.size_bytes
        for file in model.files
    )


def remove(folder: Path, name: str) -> None:
    """Delete the model's files; nothing happens when there are none.

    Raises:
        ConfigError: there is no such model.
    """
    shutil.rmtree(path_of(folder, name), ignore_errors=True)
