"""What clients may tell the real Whisper changes what it writes, on recorded speech."""

from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from tests.bundled_models import model_dir
from tests.recordings import recording
from vivavoce.engines.transcribers.whisper import open_engine
from vivavoce.errors import EngineError
from vivavoce.interfaces import AudioOrPause, Transcriber, Transcript, TranscriptionHints
from vivavoce.media.pcm import Pcm

pytestmark = pytest.mark.models


@pytest.fixture
async def whisper() -> AsyncIterator[Transcriber]:
    async with open_engine({"model_dir": str(model_dir("whisper-base"))}) as engine:
        yield engine


async def _at_once(sound: Pcm) -> AsyncGenerator[AudioOrPause, None]:
    yield sound


async def _hear(whisper: Transcriber, name: str, hints: TranscriptionHints) -> Transcript:
    sound = _at_once(recording(name))
    events = [event async for event in whisper.transcribe(sound, hints)]
    assert isinstance(events[-1], Transcript)
    return events[-1]


async def test_keywords_are_heard_where_other_words_were(whisper: Transcriber) -> None:
    hints = TranscriptionHints(language="en", keywords=("spades", "clubs", "ill-disposed"))

    alone = [
        (await _hear(whisper, name, TranscriptionHints(language="en"))).text
        for name in ("cards-001", "librivox-austen-0880")
    ]
    told = [
        (await _hear(whisper, name, hints)).text for name in ("cards-001", "librivox-austen-0880")
    ]

    assert not any("clubs" in text or "ill-disposed" in text for text in alone), alone
    assert "clubs" in told[0]
    assert "ill-disposed" in told[1]


async def test_the_language_is_one_of_the_candidates(whisper: Transcriber) -> None:
    told = {
        languages: (
            await _hear(whisper, "librivox-austen-0930", TranscriptionHints(languages=languages))
        ).language
        for languages in (("de", "en"), ("de-AT", "fr"))
    }

    assert told == {("de", "en"): "en", ("de-AT", "fr"): "de"}


async def test_candidates_that_it_does_not_know_are_refused_by_name(whisper: Transcriber) -> None:
    with pytest.raises(EngineError, match="'xx'"):
        await _hear(whisper, "cards-001", TranscriptionHints(languages=("xx", "yy")))


async def test_it_says_which_languages_it_knows(whisper: Transcriber) -> None:
    languages = whisper.abilities.languages

    assert languages is not None
    assert len(languages) == 99
    assert {"de", "en", "ja", "haw"} <= set(languages)
