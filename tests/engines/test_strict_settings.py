import pytest
from msgspec import Struct

from vivavoce.engines.strict_settings import parse_settings, with_environment
from vivavoce.errors import ConfigError


class Inner(Struct, forbid_unknown_fields=True):
    size: int = 1


class Settings(Struct, forbid_unknown_fields=True):
    name: str
    inner: Inner | None = None


def test_good_settings_become_a_struct() -> None:
    assert parse_settings({"name": "x", "inner": {"size": 2}}, Settings) == Settings("x", Inner(2))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": 1}, "name: Expected str, got int"),
        ({}, "name: this setting is needed"),
        ({"name": "x", "nmae": 1}, "nmae: there is no such setting"),
        ({"name": "x", "inner": {"sise": 1}}, "inner.sise: there is no such setting"),
    ],
)
def test_bad_settings_are_refused_by_the_name_of_the_key(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings(settings, Settings)

    assert str(caught.value) == message


def test_a_value_may_come_from_the_environment() -> None:
    settings = {"model": "m", "api_key_env": "KEY"}

    assert with_environment(settings, {"KEY": "k"}) == {"model": "m", "api_key": "k"}


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(ConfigError, match="api_key_env: there is no KEY in the environment"):
        with_environment({"api_key_env": "KEY"}, {})
