"""A listener for tests that ask what a person would understand: the bundled transcriber."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager

from tests.bundled_models import model_dir
from vivavoce.engines.transcribers import whisper
from vivavoce.interfaces import AudioOrPause, Transcriber, Transcript, TranscriptionHints
from vivavoce.media.pcm import Pcm, silence

LULL = silence(500)


class Ears:
    """Understands English."""

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber

    async def understood(self, sound: Pcm) -> str:
        """Return the words of a sound, 24 kHz."""

        async def with_lull() -> AsyncGenerator[AudioOrPause, None]:
            yield Pcm(sound.data + LULL.data)

        hints = TranscriptionHints(language="en")
        async with aclosing(self._transcriber.transcribe(with_lull(), hints)) as events:
            last = [event async for event in events][-1]
        assert isinstance(last, Transcript)
        return last.text


@asynccontextmanager
async def listening() -> AsyncIterator[Ears]:
    """Open a listener until the block is left."""
    async with whisper.open_engine({"model_dir": str(model_dir("whisper-base"))}) as engine:
        yield Ears(engine)
