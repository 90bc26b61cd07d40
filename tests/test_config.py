from pathlib import Path

import pytest

from vivavoce.config import SECRET, Loaded, load_config
from vivavoce.errors import ConfigError


def load(tmp_path: Path, text: str = "", **environment: str) -> Loaded:
    file = tmp_path / "config.toml"
    file.write_text(text)
    return load_config(file, environment={"VIVAVOCE_HOME": str(tmp_path), **environment})


def test_without_anything_set_the_defaults_hold(tmp_path: Path) -> None:
    loaded = load_config(environment={"VIVAVOCE_HOME": str(tmp_path)})

    assert loaded.config.server.host == "127.0.0.1"
    assert loaded.config.server.port == 8080
    assert loaded.config.profile == "standard"
    assert loaded.models_dir == tmp_path / "models"


def test_later_sources_win_and_each_value_knows_its_source(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('profile = "light"\n[server]\nport = 1\nmax_sessions = 3\n')
    environment = {"VIVAVOCE_HOME": str(tmp_path), "VIVAVOCE_SERVER__PORT": "2"}

    loaded = load_config(file, {"server.port": 3, "profile": None}, environment=environment)

    assert (loaded.config.server.port, loaded.config.profile) == (3, "light")
    sources = {name: source for name, _, source in loaded.effective()}
    assert sources["server.port"] == "command line"
    assert sources["server.max_sessions"] == "file"
    assert sources["server.host"] == "default"


def test_the_file_in_the_configuration_folder_is_read_without_being_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[server]\nport = 9\n")

    loaded = load_config(environment={"VIVAVOCE_HOME": str(tmp_path)})

    assert loaded.config.server.port == 9


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[server]\nprot = 1", "server.prot"),
        ("[server]\nport = 'x'", "server.port"),
        ("[server]\nport = 70000", "server.port"),
        ("profile = 'heavy'", "profile"),
        ("server = 1", "server"),
        ("[engines.ears]\nuse = 'whisper'", "engines.ears"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, path: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, text)

    assert raised.value.path == path


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no TOML"):
        load(tmp_path, "[server")


def test_a_named_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't read"):
        load_config(tmp_path / "nothing.toml", environment={})


def test_keys_come_from_the_environment_or_a_file_and_are_never_shown(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("# two of them\nsecret-a\n\nsecret-b\n")

    loaded = load(tmp_path, f"[server]\napi_keys_file = '{keys}'", VIVAVOCE_API_KEYS="secret-c, ")

    assert loaded.api_keys == ("secret-c", "secret-a", "secret-b")
    shown = {name: value for name, value, _ in loaded.effective()}
    assert shown["api_keys"] == [SECRET] * 3
    assert "secret" not in str(shown).replace("api_keys_file", "")


def test_an_engine_chosen_later_leaves_the_settings_of_the_first_behind(tmp_path: Path) -> None:
    text = "[engines.language_model]\nuse = 'llama-cpp'\nslots = 2\n"
    environment = {"VIVAVOCE_ENGINES__LANGUAGE_MODEL__USE": "chat-completions"}

    loaded = load(tmp_path, text, **environment)

    assert loaded.config.engines.language_model == {"use": "chat-completions"}


def test_a_table_without_use_refines_the_default_engine(tmp_path: Path) -> None:
    loaded = load(tmp_path, "[engines.language_model]\nslots = 2\n")

    assert loaded.config.engines.language_model == {"use": "llama-cpp", "slots": 2}


def test_an_engine_may_be_chosen_wholly_in_the_environment(tmp_path: Path) -> None:
    role = "VIVAVOCE_ENGINES__LANGUAGE_MODEL__"
    environment = {
        f"{role}USE": "chat-completions",
        f"{role}BASE_URL": "http://127.0.0.1:1/v1",
        f"{role}API_KEY": "12345",
        f"{role}WINDOW_TOKENS": "4096",
    }

    loaded = load(tmp_path, **environment)

    assert loaded.config.engines.language_model == {
        "use": "chat-completions",
        "base_url": "http://127.0.0.1:1/v1",
        "api_key": "12345",
        "window_tokens": 4096,
    }


def test_naming_the_default_engine_keeps_what_refines_it(tmp_path: Path) -> None:
    text = "[engines.language_model]\nslots = 2\n"

    loaded = load(tmp_path, text, VIVAVOCE_ENGINES__LANGUAGE_MODEL__USE="llama-cpp")

    assert loaded.config.engines.language_model == {"use": "llama-cpp", "slots": 2}


def test_secrets_of_engines_are_never_shown(tmp_path: Path) -> None:
    text = """
    [engines.language_model]
    use = "chat-completions"
    api_key = "hidden-1"
    headers = { "X-Token" = "hidden-2" }
    """

    loaded = load(tmp_path, text)

    assert loaded.config.engines.language_model["headers"] == {"X-Token": "hidden-2"}
    assert "hidden" not in str(list(loaded.effective()))


def test_keys_within_an_engines_own_tables_may_hold_dots(tmp_path: Path) -> None:
    text = '[engines.synthesizer]\nuse = "openai-http"\nvoices = { "nova.v2" = "a.b" }\n'

    loaded = load(tmp_path, text)

    assert loaded.config.engines.synthesizer["voices"] == {"nova.v2": "a.b"}


def test_secrets_in_a_list_of_tables_are_masked(tmp_path: Path) -> None:
    (file := tmp_path / "config.toml").write_text(
        '[[guardrails]]\nname = "polite"\nkind = "classifier"\nurl = "http://127.0.0.1/"\n'
        'api_key = "sk-secret-1"\nheaders = { X-Key = "sk-secret-2" }\n'
    )

    shown = str(list(load_config(file, environment={}).effective()))

    assert "polite" in shown
    assert "sk-secret" not in shown
