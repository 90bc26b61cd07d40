"""What translation sessions are told, from the configuration and the engines."""

import pytest
from msgspec import structs

from vivavoce.assembly.options import translation_options
from vivavoce.config_tables import Config, SessionConfig, TranslationConfig
from vivavoce.errors import ConfigError
from vivavoce.interfaces import Engines
from vivavoce.testing.engines import Answer, ScriptedInterpreter, scripted_engines


def speaking(*languages: str) -> Engines:
    interpreter = ScriptedInterpreter(lambda _number, _language: Answer())
    interpreter.languages = languages
    return structs.replace(scripted_engines(), interpreter=interpreter)


def test_sessions_follow_the_operator() -> None:
    config = Config(
        translation=TranslationConfig(language="fr"),
        session=SessionConfig(voice="sage", silence_duration_ms=300, max_duration_s=60),
    )

    options = translation_options(config, speaking("en", "fr"))

    assert options is not None
    assert (options.language, options.languages, options.voice) == ("fr", ("en", "fr"), "sage")
    assert (options.silence_duration_ms, options.max_duration_s) == (300, 60)


def test_a_default_language_that_nothing_speaks_is_refused_with_those_there_are() -> None:
    config = Config(translation=TranslationConfig(language="fr"))

    with pytest.raises(ConfigError, match=r"translation\.language: .* only into: en"):
        translation_options(config, speaking("en"))


def test_without_an_interpreter_there_are_no_sessions() -> None:
    engines = structs.replace(scripted_engines(), interpreter=None)

    assert translation_options(Config(), engines) is None
