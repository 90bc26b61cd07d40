"""Translations in a script."""

from pathlib import Path

import pytest

from vivavoce.errors import ConfigError, EngineError
from vivavoce.interfaces import (
    AudioDelta,
    Interpreter,
    TextDelta,
    Translated,
    TranslationRequest,
)
from vivavoce.testing.engines import ScriptedInterpreter
from vivavoce.testing.script import Answer
from vivavoce.testing.scripted import open_scripted_engines

SCRIPT = """
[[turns]]
hears = "Guten Morgen."
translations = { en = "Good morning.", fr = "Bonjour." }

[[turns]]
answer = "Typed text is no speech."

[[turns]]
hears = "Danke."
translations = { en = "Thanks." }
fail_after_s = 0
fault_in = "translation"

[default]
translation = "Nothing."
"""


async def said(interpreter: Interpreter, language: str, session_id: str = "sess_1") -> str:
    request = TranslationRequest(session_id=session_id, language=language)
    events = [event async for event in interpreter.interpret(request)]
    assert events[-1] == Translated()
    assert any(isinstance(event, AudioDelta) for event in events)
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def scripted(tmp_path: Path, text: str = SCRIPT) -> Interpreter:
    path = tmp_path / "script.toml"
    path.write_text(text)
    async with open_scripted_engines(path) as engines:
        assert engines.interpreter is not None
        return engines.interpreter


async def test_utterances_are_translated_in_the_order_of_the_turns_that_are_heard(
    tmp_path: Path,
) -> None:
    interpreter = await scripted(tmp_path)

    assert await said(interpreter, "fr") == "Bonjour."
    assert await said(interpreter, "en", "sess_2") == "Good morning."
    with pytest.raises(EngineError):
        await said(interpreter, "en")
    assert await said(interpreter, "en") == "Nothing."


async def test_a_language_without_a_line_gets_the_default(tmp_path: Path) -> None:
    assert await said(await scripted(tmp_path), "el") == "Nothing."


@pytest.mark.parametrize(
    "line", ['translations = { en = "x" }', 'fault_in = "translation"\nfail_after_s = 1']
)
async def test_what_is_not_heard_cannot_be_translated(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError):
        await scripted(tmp_path, f'[[turns]]\nanswer = "Hi."\n{line}\n')


async def test_the_utterances_of_a_session_that_ended_are_forgotten() -> None:
    interpreter = ScriptedInterpreter(lambda number, _language: Answer(text=f"Number {number}."))
    await said(interpreter, "en")

    interpreter.forget("sess_1")

    assert await said(interpreter, "en") == "Number 1."
