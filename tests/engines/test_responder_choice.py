"""A responder of its own in place of language model and synthesizer."""

from pathlib import Path

import pytest

from tests.engines.test_loader import HTTP, TABLES
from vivavoce.assembly.options import session_options, translation_options
from vivavoce.cli.voices import add, list_voices
from vivavoce.config import load_config
from vivavoce.config_tables import Config
from vivavoce.engines.bundled_models import needed_models, used_tables
from vivavoce.engines.loader import find_engine, open_engines
from vivavoce.errors import ConfigError

OMNI: dict[str, object] = {"use": "omni", **HTTP, "voices": ["alloy"], "window_tokens": 9000}
REALTIME: dict[str, object] = {"use": "realtime", **HTTP}


@pytest.mark.parametrize("table", [OMNI, REALTIME])
async def test_no_language_model_and_no_synthesizer_is_opened(
    tmp_path: Path, table: dict[str, object]
) -> None:
    broken: dict[str, object] = {"use": "no-such-engine"}
    tables = {**TABLES, "language_model": broken, "synthesizer": broken, "responder": table}

    async with open_engines(tables, "standard", tmp_path) as engines:
        assert engines.responder.hears_audio
        assert engines.interpreter is None


async def test_sessions_are_told_what_the_responder_is(tmp_path: Path) -> None:
    tables = {**TABLES, "responder": OMNI}

    async with open_engines(tables, "standard", tmp_path) as engines:
        options = session_options(Config(), engines)
        translation = translation_options(Config(), engines)

    assert (options.hears_audio, options.voices, options.window_tokens) == (True, ("alloy",), 9000)
    assert translation is None


@pytest.mark.parametrize("responder", [{}, {"responder": {"use": "cascade"}}])
async def test_the_cascade_is_what_answers_otherwise(
    tmp_path: Path, responder: dict[str, dict[str, object]]
) -> None:
    async with open_engines({**TABLES, **responder}, "standard", tmp_path) as engines:
        assert not engines.responder.hears_audio
        assert engines.voices == ("nova",)


def test_no_model_is_fetched_for_what_is_not_opened() -> None:
    tables = load_config(environment={}).engine_tables
    native = {**tables, "responder": REALTIME}

    assert sorted(needed_models(native, "standard")) == ["smart-turn-v3.2", "whisper-base"]
    assert "language_model" not in used_tables(native)


def test_an_unknown_responder_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'parrot' \(known: cascade, omni, realtime\)"):
        find_engine("responder", "parrot")


async def test_what_a_responder_refuses_is_named_by_its_full_path(tmp_path: Path) -> None:
    tables = {**TABLES, "responder": {**REALTIME, "colour": 1}}

    with pytest.raises(ConfigError) as raised:
        async with open_engines(tables, "standard", tmp_path):
            pytest.fail("it opened")

    assert raised.value.path == "engines.responder.colour"


@pytest.mark.parametrize("use", ["whisper", "language-model"])
async def test_a_translation_by_name_is_refused_without_a_synthesizer(
    tmp_path: Path, use: str
) -> None:
    tables = {**TABLES, "responder": REALTIME}

    with pytest.raises(ConfigError, match="there is none") as raised:
        async with open_engines(tables, "standard", tmp_path, translation=use):
            pytest.fail("it opened")

    assert raised.value.path == "translation.use"


def test_the_voices_listed_are_the_responders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    list_voices(config=written(tmp_path, 'voices = ["marin", "cedar"]'))

    assert capsys.readouterr().out.split() == ["marin", "cedar"]


def test_no_voice_is_made_for_a_responder(tmp_path: Path) -> None:
    sound = tmp_path / "sound.wav"

    with pytest.raises(ConfigError, match="speaks by itself"):
        add("Ann", sound, consent=sound, config=written(tmp_path, ""))


def written(tmp_path: Path, more: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f'[engines.responder]\nuse = "realtime"\n{more}\n')
    return path
