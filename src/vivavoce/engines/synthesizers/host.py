"""What the synthesizer's worker process runs: both models, for all ten voices."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct, convert

from vivavoce.engines.synthesizers.hibari_voice import HibariVoice
from vivavoce.engines.synthesizers.kokoro_voice import KokoroVoices
from vivavoce.engines.synthesizers.phonemes import Phonemizer
from vivavoce.engines.synthesizers.speakers import HIBARI_GAIN, HIBARI_VOICE, KOKORO_SPEAKERS
from vivavoce.engines.synthesizers.waveform import Samples, pause_after_ms, stretch, to_pcm, trim
from vivavoce.errors import EngineError

_WARM_UP = "One moment, let me see what I can do."


class HostSettings(Struct, frozen=True, kw_only=True):
    """Settings of the worker process."""

    kokoro_path: str | None
    kokoro_threads: int
    max_parallel: int
    """Sounds made at once."""


class SpeakArgs(Struct, frozen=True, kw_only=True):
    """What `speak` is called with."""

    text: str
    voice: str
    speed: float


def open_host(settings: dict[str, Any]) -> "SynthesizerHost":
    """Load the models and warm them up.

    Raises:
        ConfigError: `kokoro_path` is missing, or is no model.
    """
    host = SynthesizerHost(convert(settings, HostSettings))
    for voice in host.warm_up_voices:
        args = {"text": _WARM_UP, "voice": voice, "speed": 1.0}
        for _ in host.handle("speak", args, lambda: False):
            pass
    return host


class SynthesizerHost:
    """Speaks. Its one method is `speak`, with `SpeakArgs`: a reply holds up to 8 s of sound."""

    def __init__(self, settings: HostSettings) -> None:
        american = Phonemizer()
        self._hibari = HibariVoice(american)
        self._kokoro: KokoroVoices | None = None
        if settings.kokoro_path is not None:
            self._kokoro = KokoroVoices(
                Path(settings.kokoro_path),
                threads=settings.kokoro_threads,
                max_parallel=settings.max_parallel,
                to_ids=self._hibari.to_ids,
                phonemizers={False: american, True: Phonemizer(is_british=True)},
            )

    @property
    def warm_up_voices(self) -> tuple[str, ...]:
        """One voice for each model and each way to pronounce."""
        return (HIBARI_VOICE,) if self._kokoro is None else (HIBARI_VOICE, "ash", "sage")

    def handle(self, method: str, args: Any, cancelled: Callable[[], bool]) -> Iterator[bytes]:
        """Yield 24 kHz 16-bit sound, ready to be played one after the other.

        Raises:
            EngineError: there is no such voice.
        """
        assert method == "speak"
        wanted = convert(args, SpeakArgs)
        gain, sounds = self._sounds(wanted, cancelled)
        for phonemes, samples in sounds:
            # The models have a speed of their own, but it moves the pitch by up to a tenth, adds
            # pauses when slow, and at 1.5 Kokoro swallows words.
            heard = stretch(trim(samples), wanted.speed)
            if cancelled():
                return
            yield to_pcm(heard, gain, pause_after_ms(phonemes) / wanted.speed)

    def _sounds(
        self, wanted: SpeakArgs, cancelled: Callable[[], bool]
    ) -> tuple[float, Iterator[tuple[str, Samples]]]:
        if wanted.voice == HIBARI_VOICE:
            return HIBARI_GAIN, self._hibari.speak(wanted.text, cancelled)
        if self._kokoro is None or wanted.voice not in KOKORO_SPEAKERS:
            raise EngineError(f"there is no voice named {wanted.voice}", code="voice_not_found")
        speaker = KOKORO_SPEAKERS[wanted.voice]
        return speaker.gain, self._kokoro.speak(wanted.text, speaker, cancelled)
