"""Whisper as a translator."""

import pytest

from tests.bundled_models import model_dir
from tests.engines.translators.fakes import request
from tests.recordings import FOLDER
from vivavoce.engines.transcribers import whisper
from vivavoce.engines.transcribers.whisper import WhisperTranscriber
from vivavoce.engines.transcribers.whisper_orders import Answer, HeardWord, Order
from vivavoce.engines.translators.whisper import WhisperTranslator
from vivavoce.interfaces import TextDelta, Translated
from vivavoce.media.wav import read_wav


def answering(
    *words: str, language: str = "de", is_sure: bool = True
) -> tuple[WhisperTranslator, list[Order]]:
    orders: list[Order] = []

    async def recognise(order: Order) -> Answer:
        orders.append(order)
        heard = tuple(HeardWord(word) for word in words)
        return Answer(words=heard, language=language, language_is_sure=is_sure, run_ms=1)

    return WhisperTranslator(WhisperTranscriber(recognise).fulfil), orders


async def test_the_sound_is_given_to_the_model_with_what_is_known() -> None:
    translator, orders = answering(" Good", " morning.")

    asked = request(audio=b"\0\0", likely_language="de")
    events = [event async for event in translator.translate(asked)]

    assert events == [TextDelta(" Good morning."), Translated("de")]
    assert orders == [Order(audio=b"\0\0", translates=True, likely_language="de")]


async def test_a_language_that_was_guessed_is_not_passed_on() -> None:
    translator, _ = answering(" Hm.", language="en", is_sure=False)

    events = [event async for event in translator.translate(request(audio=b"\0\0"))]

    assert events[-1] == Translated(None)


async def test_noise_has_no_words() -> None:
    translator, _ = answering()

    assert [event async for event in translator.translate(request(audio=b"\0\0"))] == [
        Translated("de")
    ]


@pytest.mark.models
async def test_the_real_model_translates_spanish_and_french() -> None:
    async with whisper.open_engine({"model_dir": str(model_dir("whisper-base"))}) as transcriber:
        assert isinstance(transcriber, WhisperTranscriber)
        translator = WhisperTranslator(transcriber.fulfil)
        said = {}
        for name in ("spanish-sister", "french-computer"):
            sound = read_wav(FOLDER / f"{name}.wav").data
            events = [event async for event in translator.translate(request(audio=sound))]
            said[name] = events

    spanish, french = said["spanish-sister"], said["french-computer"]
    assert isinstance(spanish[0], TextDelta)
    assert isinstance(french[0], TextDelta)
    assert "sister works" in spanish[0].text
    assert "computer" in french[0].text
    assert (spanish[-1], french[-1]) == (Translated("es"), Translated("fr"))
