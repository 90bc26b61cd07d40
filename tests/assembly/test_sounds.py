"""The folder of sounds."""

from pathlib import Path

import pytest

from vivavoce.assembly.sounds import read_sounds
from vivavoce.config_tables import PlaybackConfig
from vivavoce.errors import ConfigError
from vivavoce.media.pcm import Pcm
from vivavoce.media.wav import write_wav

SECOND = Pcm(bytes(48_000))


def test_without_a_folder_there_are_none() -> None:
    assert read_sounds(PlaybackConfig()) == {}


def test_sounds_are_called_as_their_files_and_are_brought_to_24_khz(tmp_path: Path) -> None:
    write_wav(tmp_path / "rings.wav", SECOND)
    write_wav(tmp_path / "beeps.wav", Pcm(bytes(16_000), 8_000))
    (tmp_path / "notes.txt").write_text("not a sound")

    sounds = read_sounds(PlaybackConfig(sounds_folder=str(tmp_path)))

    assert list(sounds) == ["beeps", "rings"]
    assert sounds["rings"] == SECOND.data
    assert 47_000 <= len(sounds["beeps"]) <= 49_000


@pytest.mark.parametrize("files", [{"a.wav": b"no sound"}, {"a.wav": b"", "a.mp3": b""}])
def test_a_file_that_cannot_be_played_is_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    with pytest.raises(ConfigError):
        read_sounds(PlaybackConfig(sounds_folder=str(tmp_path)))


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        read_sounds(PlaybackConfig(sounds_folder=str(tmp_path / "none")))
