"""Keys with names, and what of the accounts' settings is never shown."""

from pathlib import Path

import pytest

from vivavoce.config import SECRET, load_config
from vivavoce.errors import ConfigError


def test_a_name_may_stand_before_a_key_wherever_keys_are_given(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("# of the file\ndesk\tsk-a\nsk-b\n")
    environment = {
        "VIVAVOCE_SERVER__API_KEYS_FILE": f"'{keys}'",
        "VIVAVOCE_API_KEYS": "phone sk-c, sk-d=",
        "VIVAVOCE_HOME": str(tmp_path),
    }

    loaded = load_config(api_keys=("trial sk-e",), environment=environment)

    assert loaded.api_keys == ("sk-e", "sk-c", "sk-d=", "sk-a", "sk-b")
    assert loaded.key_names == {"sk-e": "trial", "sk-c": "phone", "sk-a": "desk"}


@pytest.mark.parametrize("entry", ["my desk sk-a", "d.sk sk-a", f"{'n' * 65} sk-a"])
def test_a_name_that_is_none_is_refused_without_showing_the_key(tmp_path: Path, entry: str) -> None:
    with pytest.raises(ConfigError, match="NAME KEY") as refused:
        load_config(api_keys=(entry,), environment={"VIVAVOCE_HOME": str(tmp_path)})

    assert "sk-a" not in str(refused.value)


def test_names_and_headers_do_not_show_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[tracing.otlp]\nheaders = { x-key = 'secret' }\n")

    loaded = load_config(file, api_keys=("desk secret",), environment={})

    shown = {name: value for name, value, _ in loaded.effective()}
    assert shown["tracing.otlp.headers"] == SECRET
    assert "secret" not in str(shown)
