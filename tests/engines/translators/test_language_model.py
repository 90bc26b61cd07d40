"""A language model as a translator."""

import pytest

from tests.engines.translators.fakes import request
from vivavoce.engines.language_models import chat_completions
from vivavoce.engines.translators.language_model import LanguageModelTranslator
from vivavoce.errors import EngineError
from vivavoce.interfaces import (
    Finished,
    ModelEvent,
    Prompt,
    PromptMessage,
    Stream,
    TextDelta,
    Translated,
    TranslatedText,
)
from vivavoce.testing.engines import Answer, ScriptedLanguageModel
from vivavoce.testing.http_engines import HttpScript, http_engines


class Refusing(ScriptedLanguageModel):
    """Ends as a filter ends it."""

    async def generate(self, prompt: Prompt) -> Stream[ModelEvent]:
        yield Finished("content_filter")


async def test_the_model_is_asked_to_translate_and_nothing_else() -> None:
    model = ScriptedLanguageModel(lambda _prompt: Answer(text="**Good** morning."))
    earlier = (TranslatedText("Hallo.", "Hello."),)

    asked = request(language="el", earlier=earlier)
    events = [event async for event in LanguageModelTranslator(model).translate(asked)]

    prompt = model.asked[0].request
    assert prompt.out_of_band
    assert "translation into Greek" in prompt.instructions
    assert prompt.items == (
        PromptMessage("user", "Hallo."),
        PromptMessage("assistant", "Hello."),
        PromptMessage("user", "Guten Morgen."),
    )
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert text == "Good morning."  # without Markdown: it will be spoken
    assert events[-1] == Translated()


async def test_a_filtered_translation_is_a_failure() -> None:
    translator = LanguageModelTranslator(Refusing(lambda _prompt: Answer()))

    with pytest.raises(EngineError, match="refused"):
        [event async for event in translator.translate(request())]


async def test_chat_completions_translate_over_http() -> None:
    script = HttpScript(answer="Bonjour à tous.")
    async with (
        http_engines(script) as url,
        chat_completions.open_engine({"base_url": url, "model": "m"}) as model,
    ):
        translator = LanguageModelTranslator(model)
        events = [event async for event in translator.translate(request(language="fr"))]

    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert text == "Bonjour à tous."
