from pathlib import Path

import pytest

from vivavoce.engines.bundled_models import engine_settings, needed_models
from vivavoce.engines.loader import find_engine, open_engines
from vivavoce.errors import ConfigError
from vivavoce.models.catalogue import find_model

HTTP = {"base_url": "http://127.0.0.1:1/v1", "model": "any"}
TABLES: dict[str, dict[str, object]] = {
    "speech_detector": {"use": "silero"},
    "turn_judge": {"use": "none"},
    "picture_reader": {"use": "none"},
    "transcriber": {"use": "openai-http", **HTTP},
    "language_model": {"use": "chat-completions", **HTTP, "window_tokens": 4096},
    "synthesizer": {"use": "openai-http", **HTTP, "voices": ["nova"]},
}


async def test_engines_of_other_servers_open_without_any_model(tmp_path: Path) -> None:
    assert needed_models(TABLES, "standard") == []

    async with open_engines(TABLES, "standard", tmp_path) as engines:
        assert engines.voices == ("nova",)
        assert engines.turn_judge is None
        assert engines.language_model.window_tokens == 4096


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'wisper' \(known: .*openai-http.*whisper\)"):
        find_engine("transcriber", "wisper")


@pytest.mark.parametrize(
    ("role", "table", "path"),
    [
        ("transcriber", {"use": "wisper"}, "engines.transcriber.use"),
        (
            "language_model",
            {"use": "chat-completions", **HTTP, "colour": 1},
            "engines.language_model.colour",
        ),
        (
            "language_model",
            {"use": "llama-cpp", "model": "no-such-model"},
            "engines.language_model.model",
        ),
    ],
)
async def test_what_an_engine_refuses_is_named_by_its_full_path(
    tmp_path: Path, role: str, table: dict[str, object], path: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        async with open_engines({**TABLES, role: table}, "standard", tmp_path):
            pytest.fail("it opened")

    assert raised.value.path == path


async def test_a_failure_of_its_user_passes_through(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_engines(TABLES, "standard", tmp_path):
            raise ZeroDivisionError


@pytest.mark.parametrize(
    ("profile", "language_model"),
    [
        ("standard", "qwen2.5-coder-1.5b-instruct"),
        ("light", "qwen2.5-coder-0.5b-instruct"),
    ],
)
def test_a_profile_decides_the_language_model(profile: str, language_model: str) -> None:
    tables = {"transcriber": {"use": "whisper"}, "language_model": {"use": "llama-cpp"}}

    assert needed_models(tables, profile) == ["whisper-base", language_model]


def test_a_model_of_the_catalogue_becomes_the_path_of_its_file(tmp_path: Path) -> None:
    name = "qwen2.5-coder-0.5b-instruct"

    settings = engine_settings({"use": "llama-cpp", "slots": 2}, "light", tmp_path)

    file = find_model(name).files[0].name
    assert settings == {"slots": 2, "model_path": str(tmp_path / name / file)}


def test_a_model_of_the_operators_own_is_used_where_it_lies(tmp_path: Path) -> None:
    own = tmp_path / "own.gguf"
    own.touch()
    table = {"use": "llama-cpp", "model": str(own)}

    assert needed_models({"language_model": table}, "standard") == []
    assert engine_settings(table, "standard", tmp_path) == {"model_path": str(own)}
