"""The real models, for tests marked `models`; fetched into the user's folder on first use."""

import os
from pathlib import Path

import platformdirs

from vivavoce.models.fetch import fetch
from vivavoce.models.installed import path_of


def model_dir(name: str) -> Path:
    """Return the folder of the model's files."""
    home = os.environ.get("VIVAVOCE_HOME") or platformdirs.user_data_dir("vivavoce")
    folder = Path(home) / "models"
    fetch(folder, [name])
    return path_of(folder, name)
