"""The configuration: read once from a file, the environment and the command line.

Nothing else reads the environment. Each value knows where it comes from; unknown keys are errors.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
from platformdirs import user_config_path, user_data_path

from vivavoce.config_tables import Config, EnginesConfig
from vivavoce.errors import ConfigError

PREFIX = "VIVAVOCE_"
HOME = "VIVAVOCE_HOME"
API_KEYS = "VIVAVOCE_API_KEYS"
"""Keys that clients must show, separated by commas."""
CLIENT_KEY = "VIVAVOCE_API_KEY"
"""The key that `vivavoce talk` shows."""
SECRET = "********"
SECRET_NAMES = ("api_key", "authorization", "headers", "password", "users")
"""Whatever lies at or below a setting of this name is never shown."""

NONE = "none"
SIP_MAY_BE_NONE = ("udp_port", "tcp_port", "tls_port", "session_timer_s")

LEVELS = 3  # engines.transcriber.model

KEY_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

Source = Literal["default", "file", "environment", "command line"]


@dataclass(frozen=True)
class Loaded:
    """A configuration with what does not belong into it: secrets, places, sources."""

    config: Config
    api_keys: tuple[str, ...] = ()
    key_names: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The names of keys that have one, by key."""
    data_dir: Path = field(default_factory=Path)
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Where each value that is not a default comes from, by dotted name."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """For engines whose secrets lie in it."""

    @property
    def models_dir(self) -> Path:
        """Where model files are kept."""
        folder = self.config.models.folder
        return Path(folder).expanduser() if folder else self.data_dir / "models"

    @property
    def engine_tables(self) -> Mapping[str, Mapping[str, object]]:
        """The configured engine of each role."""
        engines = self.config.engines
        return {role: getattr(engines, role) for role in engines.__struct_fields__}

    def effective(self) -> Iterator[tuple[str, object, Source]]:
        """Return every value with its dotted name and source; secrets masked."""
        for name, value in _flat(msgspec.to_builtins(self.config)):
            shown = SECRET if _is_secret(name) and value else _masked(value)
            yield name, shown, self.sources.get(name, "default")
        if self.api_keys:
            yield "api_keys", [SECRET] * len(self.api_keys), self.sources["api_keys"]


def load_config(
    file: Path | None = None,
    flags: Mapping[str, object] | None = None,
    api_keys: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> Loaded:
    """Read the configuration; later sources win: defaults, file, environment, command line.

    Args:
        file: a TOML file; None: `config.toml` in the configuration folder, if it is there.
        flags: values from the command line by dotted name; None values are not set.
        api_keys: keys from the command line.
        environment: None: the process's own.

    Raises:
        ConfigError: a file can't be read, or a key is unknown or of the wrong kind.
    """
    environment = os.environ if environment is None else environment
    home = environment.get(HOME)
    data_dir = Path(home).expanduser() if home else user_data_path("vivavoce", appauthor=False)
    config_dir = Path(home).expanduser() if home else user_config_path("vivavoce", appauthor=False)
    values: dict[str, object] = {}
    sources: dict[str, Source] = {}
    for source, layer in (
        ("file", _from_file(file, config_dir / "config.toml")),
        ("environment", _from_environment(environment)),
        ("command line", {name: v for name, v in (flags or {}).items() if v is not None}),
    ):
        _forget_engines_of_other_use(values, layer)
        values.update(layer)
        sources.update(dict.fromkeys(layer, source))  # type: ignore[arg-type]  # literals above
    config = _convert(_nested(values))
    entries, key_source = _keys(api_keys, environment, config.server.api_keys_file)
    if entries:
        sources["api_keys"] = key_source
    named = [_named_key(entry) for entry in entries]
    return Loaded(
        config,
        tuple(key for key, _ in named),
        {key: name for key, name in named if name is not None},
        data_dir,
        sources,
        dict(environment),
    )


def _from_file(named: Path | None, default: Path) -> dict[str, object]:
    path = named or default
    if named is None and not path.is_file():
        return {}
    try:
        return dict(_flat(tomllib.loads(path.read_text("utf-8"))))
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, object]:
    """Read `VIVAVOCE_SERVER__PORT=80`: two underscores for each dot."""
    ours = {
        name.removeprefix(PREFIX).lower().replace("__", "."): text
        for name, text in sorted(environment.items())
        if name.startswith(PREFIX) and name not in (HOME, API_KEYS, CLIENT_KEY)
    }
    return {name: _literal(name, text) for name, text in ours.items()}


def _literal(name: str, text: str) -> object:
    """Read a value as TOML would; what is no TOML, and what is a key, is text."""
    if name.endswith((".api_key", ".password")):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _is_secret(name: str) -> bool:
    return any(step in SECRET_NAMES for step in name.split("."))


def _masked(value: object) -> object:
    """Return a value without the secrets within its tables."""
    if isinstance(value, Mapping):
        return {
            name: SECRET if name in SECRET_NAMES and inner else _masked(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value


def _flat(table: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield values by dotted name; tables within an engine's own settings are values."""
    assert isinstance(table, Mapping)
    for name, value in table.items():
        if isinstance(value, Mapping) and value and prefix.count(".") < LEVELS - 1:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _nested(values: Mapping[str, object]) -> dict[str, object]:
    tree: dict[str, object] = {}
    for name, value in values.items():
        *path, leaf = name.split(".")
        table = tree
        for step in path:
            inner = table.setdefault(step, {})
            if not isinstance(inner, dict):
                raise ConfigError("this is a value, not a table", path=step)
            table = inner
        table[leaf] = value
    return tree


def _forget_engines_of_other_use(values: dict[str, object], layer: Mapping[str, object]) -> None:
    # A later source that chooses another engine leaves the settings of the first behind.
    for role, default in _default_engines().items():
        name = f"engines.{role}.use"
        if name in layer and values.get(name, default["use"]) != layer[name]:
            for other in [other for other in values if other.startswith(f"engines.{role}.")]:
                del values[other]


def _default_engines() -> dict[str, Mapping[str, object]]:
    defaults = EnginesConfig()
    return {role: getattr(defaults, role) for role in defaults.__struct_fields__}


def _convert(tree: Mapping[str, object]) -> Config:
    engines = tree.get("engines")
    if isinstance(engines, dict):
        # A table without `use` refines the default engine.
        for role, default in _default_engines().items():
            if isinstance(table := engines.get(role), dict):
                table.setdefault("use", default["use"])
    if isinstance(sip := tree.get("sip"), dict):
        # TOML has no null.
        sip.update({name: None for name in SIP_MAY_BE_NONE if sip.get(name) == NONE})
    try:
        return msgspec.convert(tree, Config)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).replace("`", "").partition(" - at $")
        if "unknown field" in reason:
            name = f"{place}.{reason.rsplit(' ', 1)[-1]}".strip(".")
            raise ConfigError("there is no such setting", path=name) from error
        raise ConfigError(reason, path=place.strip(".") or None) from error


def _keys(
    given: tuple[str, ...], environment: Mapping[str, str], file: str | None
) -> tuple[tuple[str, ...], Source]:
    keys = list(given)
    source: Source = "command line"
    if API_KEYS in environment:
        keys += [key.strip() for key in environment[API_KEYS].split(",") if key.strip()]
        source = "environment"
    if file is not None:
        try:
            lines = Path(file).expanduser().read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"can't read {file}", path="server.api_keys_file") from error
        keys += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        source = "file"
    return tuple(keys), source


def _named_key(entry: str) -> tuple[str, str | None]:
    """Return key and name of `NAME KEY` or `KEY`; a key has no spaces."""
    *names, key = entry.split()
    if not names:
        return key, None
    if len(names) > 1 or KEY_NAME.fullmatch(names[0]) is None:
        message = "a key is written 'KEY', or 'NAME KEY' with a name of letters, digits, _ and -"
        raise ConfigError(message, path="api_keys")
    return key, names[0]


def client_key() -> str:
    """Return the key that our own client shows a server; servers without keys take any."""
    return os.environ.get(CLIENT_KEY, "any")
