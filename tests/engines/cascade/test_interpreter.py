"""A translator and a synthesizer in a row."""

import pytest

from tests.engines.translators.fakes import WordByWord, request
from vivavoce.engines.cascade.interpreter import CascadeInterpreter, common_languages
from vivavoce.errors import EngineError
from vivavoce.interfaces import AudioDelta, TextDelta, Translated
from vivavoce.testing.engines import ScriptedSynthesizer


async def test_each_clause_comes_right_before_its_sound() -> None:
    translator = WordByWord("Good morning. The train is late today.")
    interpreter = CascadeInterpreter(translator, ScriptedSynthesizer())

    events = [event async for event in interpreter.interpret(request())]

    kinds = [type(event) for event in events]
    assert kinds[:2] == [TextDelta, AudioDelta]
    assert kinds[-1] is Translated
    texts = [event.text for event in events if isinstance(event, TextDelta)]
    assert texts == ["Good morning.", " The train is late today."]


async def test_the_voice_of_the_session_speaks_at_its_own_pace() -> None:
    synthesizer = ScriptedSynthesizer()
    interpreter = CascadeInterpreter(WordByWord("Hello."), synthesizer)

    sound = [
        event.data
        async for event in interpreter.interpret(request())
        if isinstance(event, AudioDelta)
    ]

    assert [asked.request for asked in synthesizer.asked] == ["Hello."]
    assert sound


async def test_what_cannot_be_spoken_is_written_only() -> None:
    synthesizer = ScriptedSynthesizer()
    interpreter = CascadeInterpreter(WordByWord("..."), synthesizer)

    events = [event async for event in interpreter.interpret(request())]

    assert not synthesizer.asked
    assert events == [TextDelta("..."), Translated("de")]


async def test_silence_is_translated_into_nothing() -> None:
    interpreter = CascadeInterpreter(WordByWord(""), ScriptedSynthesizer())

    assert [event async for event in interpreter.interpret(request())] == [Translated("de")]


async def test_a_failure_of_the_translator_reaches_the_caller() -> None:
    interpreter = CascadeInterpreter(WordByWord("Hello. ", fails=True), ScriptedSynthesizer())

    with pytest.raises(EngineError):
        [event async for event in interpreter.interpret(request())]


async def test_closing_frees_the_translator() -> None:
    translator = WordByWord("One. Two. Three.")
    stream = CascadeInterpreter(translator, ScriptedSynthesizer()).interpret(request())

    await anext(stream)
    await stream.aclose()

    assert translator.is_closed


@pytest.mark.parametrize(
    ("written", "spoken", "both"),
    [
        ((), (), ()),
        (("en",), (), ("en",)),
        ((), ("en",), ("en",)),
        (("en", "fr"), ("fr", "de"), ("fr",)),
    ],
)
def test_a_language_must_be_written_and_spoken(
    written: tuple[str, ...], spoken: tuple[str, ...], both: tuple[str, ...]
) -> None:
    assert common_languages(written, spoken) == both
