"""The sounds that listeners may be played, read from the operator's folder."""

from collections.abc import Mapping
from pathlib import Path

from vivavoce.config_tables import PlaybackConfig
from vivavoce.errors import ConfigError

SUFFIXES = (".wav", ".mp3", ".ogg", ".flac")
MAX_BYTES = 60 * 1024 * 1024
"""Of all sounds together, as they lie in memory: 20 minutes."""


def read_sounds(config: PlaybackConfig) -> Mapping[str, bytes]:
    """Read the operator's sounds; 24 kHz 16-bit mono by name, in the order of the names.

    Raises:
        ConfigError: there is no such folder, or a file of it can't be used.
    """
    if config.sounds_folder is None:
        return {}
    from vivavoce.media.wav import read_wav  # brings the codecs, which few servers need

    folder = Path(config.sounds_folder).expanduser()
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}", path="playback.sounds_folder")
    sounds: dict[str, bytes] = {}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() not in SUFFIXES:
            continue
        if file.stem in sounds:
            raise ConfigError(f"two files are called '{file.stem}'", path="playback.sounds_folder")
        sounds[file.stem] = data = read_wav(file).data
        if not data:
            raise ConfigError(f"{file} holds no sound", path="playback.sounds_folder")
    if sum(map(len, sounds.values())) > MAX_BYTES:
        raise ConfigError(
            "the sounds are longer than 20 minutes together", path="playback.sounds_folder"
        )
    return sounds
