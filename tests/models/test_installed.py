from pathlib import Path

import pytest

from vivavoce.errors import ConfigError
from vivavoce.models.installed import is_installed, path_of, remove

FILE = "smart-turn-v3.2-cpu.onnx"


def _install(folder: Path, size_bytes: int) -> None:
    model_dir = path_of(folder, "smart-turn-v3.2")
    model_dir.mkdir()
    with (model_dir / FILE).open("wb") as file:
        file.truncate(size_bytes)


def test_a_model_is_installed_when_its_files_have_their_sizes(tmp_path: Path) -> None:
    _install(tmp_path, 8_679_182)

    assert is_installed(tmp_path, "smart-turn-v3.2")
    assert not is_installed(tmp_path, "whisper-base")


def test_a_file_cut_short_does_not_count(tmp_path: Path) -> None:
    _install(tmp_path, 8_679_181)

    assert not is_installed(tmp_path, "smart-turn-v3.2")


def test_a_removed_model_is_gone_and_removing_it_again_is_fine(tmp_path: Path) -> None:
    _install(tmp_path, 8_679_182)

    remove(tmp_path, "smart-turn-v3.2")
    remove(tmp_path, "smart-turn-v3.2")

    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no model 'nix'"):
        remove(tmp_path, "nix")
