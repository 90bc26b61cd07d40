"""The synthesizer that comes with us: ten English voices, in a worker process."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Annotated

from msgspec import Meta, Struct, structs

from vivavoce.engines.strict_settings import parse_settings
from vivavoce.engines.synthesizers.speakers import HIBARI_VOICE, KOKORO_SPEAKERS
from vivavoce.engines.worker import Worker, open_worker
from vivavoce.errors import EngineError
from vivavoce.interfaces import Stream, Synthesizer
from vivavoce.media.pcm import BYTES_PER_MS, Pcm

_MAX_PARALLEL = (
    2  # sounds made at once: a short clause need not wait for another session's long one
)
_PIECE_BYTES = 200 * BYTES_PER_MS  # small enough that a client can cut what it has not played


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of this engine."""

    kokoro_path: str | None = None
    """The ONNX file of Kokoro 82M; None: the only voice is `alloy`."""
    kokoro_threads: Annotated[int, Meta(ge=1, le=16)] = 1
    """For one piece of sound. One leaves a core of two to the language model."""


@asynccontextmanager
async def open_engine(settings: Mapping[str, object]) -> AsyncGenerator[Synthesizer, None]:
    """Load the voices into a process of their own and warm them up.

    Raises:
        ConfigError: a setting can't be used, or `kokoro_path` is no model.
        EngineError: the process could not be started.
    """
    options = parse_settings(settings, Options)
    async with open_worker(
        "vivavoce.engines.synthesizers.host:open_host",
        {**structs.asdict(options), "max_parallel": _MAX_PARALLEL},
        name="synthesizer",
        max_parallel=_MAX_PARALLEL,
    ) as worker:
        has_kokoro = options.kokoro_path is not None
        yield BundledSynthesizer(worker, (HIBARI_VOICE, *(KOKORO_SPEAKERS if has_kokoro else ())))


class BundledSynthesizer:
    """Speaks English; shared by all sessions."""

    def __init__(self, worker: Worker, voices: tuple[str, ...]) -> None:
        self._worker = worker
        self._voices = voices

    @property
    def voices(self) -> tuple[str, ...]:
        """Wire names of the voices."""
        return self._voices

    @property
    def custom_voices(self) -> bool:
        """None: neither of the bundled models can take on a voice it hears."""
        return False

    @property
    def languages(self) -> tuple[str, ...]:
        """English alone: the voices know no other sounds."""
        return ("en",)

    async def synthesize(self, text: str, voice: str, speed: float) -> Stream[Pcm]:
        """Speak one piece of text, in pieces of up to 200 ms.

        Silence at the ends is cut; a pause follows as the punctuation demands, so that pieces
        join. What can't be spoken (emoji, bare punctuation, a foreign script) yields nothing.

        Args:
            text: in English.
            voice: one of `voices`.
            speed: 0.25 to 1.5; the pitch stays.

        Raises:
            EngineError: there is no such voice, or the worker process died.
        """
        if voice not in self._voices:
            raise EngineError(f"there is no voice named {voice}", code="voice_not_found")
        args = {"text": text, "voice": voice, "speed": speed}
        # A reply is as long as the models like, so that a listener who pauses holds up nobody
        # else's speech: the worker is done when the last reply is sent, not when it is played.
        async with aclosing(self._worker.stream("speak", args)) as sounds:
            async for sound in sounds:
                for start in range(0, len(sound), _PIECE_BYTES):
                    yield Pcm(sound[start : start + _PIECE_BYTES])
