"""Settings as they come from a file, turned into a struct or refused by the name of the key."""

import os
import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from vivavoce.errors import ConfigError

T = TypeVar("T")

ENVIRONMENT_SUFFIX = "_env"
PLACE = re.compile(r" - at `(key in )?\$\.?(?P<place>.*)`$")
UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]*)`")
MISSING = re.compile(r"missing required field `(?P<name>[^`]*)`")


def parse_settings(settings: Mapping[str, object], kind: type[T]) -> T:
    """Turn settings into `kind`, a struct that forbids unknown fields; paths become text.

    Raises:
        ConfigError: a key is unknown or missing, or its value is of the wrong kind; `path` is
            the dotted place of the key, such as `turns[0].hears`.
    """
    try:
        return msgspec.convert(plain_settings(settings), kind)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from error


def plain_settings(settings: Mapping[str, object]) -> dict[str, object]:
    """Return the settings with text in place of paths, as a file would have them."""
    return {
        key: os.fspath(value) if isinstance(value, os.PathLike) else value
        for key, value in settings.items()
    }


def with_environment(
    settings: Mapping[str, object], environment: Mapping[str, str]
) -> dict[str, object]:
    """Replace each `SOMETHING_env`, the name of a variable, by `SOMETHING` with its value.

    Raises:
        ConfigError: there is no such variable, or it is empty.
    """
    filled = {}
    for key, value in settings.items():
        if not key.endswith(ENVIRONMENT_SUFFIX):
            filled[key] = value
        elif isinstance(value, str) and environment.get(value):
            filled[key.removesuffix(ENVIRONMENT_SUFFIX)] = environment[value]
        else:
            raise ConfigError(f"there is no {value} in the environment", path=key)
    return filled


def _refusal(reason: str) -> ConfigError:
    found = PLACE.search(reason)
    place = found["place"] if found else ""
    reason = reason[: found.start()] if found else reason
    if unknown := UNKNOWN.search(reason):
        return ConfigError("there is no such setting", path=_below(place, unknown["name"]))
    if missing := MISSING.search(reason):
        return ConfigError("this setting is needed", path=_below(place, missing["name"]))
    return ConfigError(reason.replace("`", ""), path=place or None)


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
