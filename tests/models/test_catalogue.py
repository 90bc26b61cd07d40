import re

import pytest

from vivavoce.errors import ConfigError
from vivavoce.models.catalogue import Part, catalogue, find_model, total_size_bytes


def _parts() -> list[Part]:
    return [part for model in catalogue().values() for file in model.files for part in file.parts]


def test_the_parts_of_every_file_add_up_to_its_size() -> None:
    for model in catalogue().values():
        for file in model.files:
            assert sum(part.size_bytes for part in file.parts) == file.size_bytes


def test_every_package_is_pinned_and_every_hash_is_one() -> None:
    for part in _parts():
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+", part.package)
        assert re.fullmatch(r"[0-9a-f]{64}", part.sha256)


def test_every_model_names_its_licence() -> None:
    assert {model.licence for model in catalogue().values()} <= {
        "MIT",
        "Apache-2.0",
        "BSD-2-Clause",
    }


def test_sizes_add_up() -> None:
    assert total_size_bytes(["smart-turn-v3.2", "kokoro-82m-int8"]) == 8_679_182 + 92_361_271


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no model 'gpt-5'; known are .*whisper-base"):
        find_model("gpt-5")
