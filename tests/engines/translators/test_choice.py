"""Which engine translates."""

import pytest

from vivavoce.engines.cascade.interpreter import CascadeInterpreter
from vivavoce.engines.transcribers.whisper import WhisperTranscriber
from vivavoce.engines.transcribers.whisper_orders import Answer, Order
from vivavoce.engines.translators.choice import choose_interpreter
from vivavoce.errors import ConfigError
from vivavoce.interfaces import Transcriber
from vivavoce.testing.engines import (
    Answer as Written,
)
from vivavoce.testing.engines import (
    Heard,
    ScriptedLanguageModel,
    ScriptedSynthesizer,
    ScriptedTranscriber,
)


async def recognise(order: Order) -> Answer:
    raise AssertionError("nothing is recognised here")


WHISPER = WhisperTranscriber(recognise)
OTHER = ScriptedTranscriber(lambda _number: Heard(text=""))


def choose(
    use: str, transcriber: Transcriber, *, is_bundled: bool, speaks: tuple[str, ...] = ()
) -> CascadeInterpreter | None:
    synthesizer = ScriptedSynthesizer()
    synthesizer.languages = speaks
    return choose_interpreter(
        use,
        transcriber=transcriber,
        language_model=ScriptedLanguageModel(lambda _prompt: Written()),
        is_model_bundled=is_bundled,
        synthesizer=synthesizer,
    )


def test_the_bundled_engines_hear_any_language_and_speak_english() -> None:
    interpreter = choose("auto", WHISPER, is_bundled=True, speaks=("en",))

    assert interpreter is not None
    assert not interpreter.needs_transcript
    assert interpreter.languages == ("en",)


@pytest.mark.parametrize("transcriber", [WHISPER, OTHER])
def test_a_language_model_of_the_operators_translates_into_any_language(
    transcriber: Transcriber,
) -> None:
    interpreter = choose("auto", transcriber, is_bundled=False)

    assert interpreter is not None
    assert interpreter.needs_transcript
    assert interpreter.languages == ()


def test_a_voice_for_english_only_limits_the_languages() -> None:
    interpreter = choose("language-model", OTHER, is_bundled=False, speaks=("en",))

    assert interpreter is not None
    assert interpreter.languages == ("en",)


def test_nothing_translates_where_the_operator_says_so() -> None:
    assert choose("none", WHISPER, is_bundled=True) is None


def test_whisper_must_be_there_to_translate() -> None:
    with pytest.raises(ConfigError, match="not Whisper"):
        choose("whisper", OTHER, is_bundled=True)


def test_english_text_needs_an_english_voice() -> None:
    with pytest.raises(ConfigError, match="the voices speak fr"):
        choose("whisper", WHISPER, is_bundled=True, speaks=("fr",))
    assert choose("auto", WHISPER, is_bundled=True, speaks=("fr",)) is None
