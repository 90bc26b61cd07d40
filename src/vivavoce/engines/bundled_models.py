"""What each bundled engine needs of the catalogue of models; written here and nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vivavoce.errors import ConfigError
from vivavoce.models.catalogue import catalogue, find_model
from vivavoce.models.installed import path_of

EngineTable = Mapping[str, object]
"""One engine as configured: `use`, and the engine's own settings."""

LANGUAGE_MODELS = {
    "standard": "qwen2.5-coder-1.5b-instruct",
    "light": "qwen2.5-coder-0.5b-instruct",
}
"""The language model of each profile."""


@dataclass(frozen=True)
class BundledModel:
    """What a bundled engine needs of the catalogue."""

    setting: str
    """The engine's own setting that takes the path."""
    model: str
    """Default name in the catalogue; empty: the profile's language model."""
    is_file: bool
    """Whether the path is that of the model's only file, or of its folder."""


BUNDLED: Mapping[str, BundledModel] = {
    "smart-turn": BundledModel("model_dir", "smart-turn-v3.2", is_file=False),
    "whisper": BundledModel("model_dir", "whisper-base", is_file=False),
    "llama-cpp": BundledModel("model_path", "", is_file=True),
    "bundled": BundledModel("kokoro_path", "kokoro-82m-int8", is_file=True),
}


CASCADE = "cascade"
"""`use` of the responder that is a language model and a synthesizer in a row."""


def used_tables(tables: Mapping[str, EngineTable]) -> dict[str, EngineTable]:
    """Return the tables of the engines that are opened.

    A responder other than the cascade answers and speaks by itself.
    """
    answering = tables.get("responder", {}).get("use", CASCADE)
    unused = ("responder",) if answering == CASCADE else ("language_model", "synthesizer")
    return {role: table for role, table in tables.items() if role not in unused}


def needed_models(tables: Mapping[str, EngineTable], profile: str) -> list[str]:
    """Return the models of the catalogue that these engines need."""
    names = (_model_name(table, profile) for table in used_tables(tables).values())
    return [name for name in names if name is not None]


def _model_name(table: EngineTable, profile: str) -> str | None:
    bundled = BUNDLED.get(str(table.get("use")))
    if bundled is None or bundled.setting in table:
        return None  # brings its own file, or needs none
    name = str(table.get("model") or bundled.model or LANGUAGE_MODELS[profile])
    return name if name in catalogue() else None


def engine_settings(table: EngineTable, profile: str, models_dir: Path) -> dict[str, object]:
    """Return the engine's own settings, with the paths of what it needs of the catalogue.

    Raises:
        ConfigError: `model` names neither a model of the catalogue nor a file or folder.
    """
    settings = {name: value for name, value in table.items() if name != "use"}
    bundled = BUNDLED.get(str(table.get("use")))
    if bundled is None:
        return settings
    name = _model_name(table, profile)
    given = settings.pop("model", None)
    if name is not None:
        folder = path_of(models_dir, name)
        path = folder / find_model(name).files[0].name if bundled.is_file else folder
        settings[bundled.setting] = str(path)
    elif given is not None:
        settings[bundled.setting] = str(_own_model(str(given)))
    return settings


def _own_model(given: str) -> Path:
    path = Path(given).expanduser()
    if not path.exists():
        names = ", ".join(sorted(catalogue()))
        raise ConfigError(f"'{given}' is no file or folder, and none of {names}", path="model")
    return path
