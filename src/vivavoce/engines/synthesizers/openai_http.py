"""Speech from any server with the address `/v1/audio/speech`, passed on while it is made."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Literal

from msgspec import Meta, Struct

from vivavoce.engines.http_client import HttpClient, open_client, parse_endpoint
from vivavoce.engines.synthesizers.sound_stream import BadSound, SoundFormat, SoundStream
from vivavoce.interfaces import Stream, Synthesizer
from vivavoce.media.pcm import RATE_HZ, Pcm

NOT_SOUND = ("json", "text", "mpeg", "ogg", "opus", "flac", "aac")
"""Kinds of content that are surely no bare samples, though the status says 200."""

CUSTOM_VOICE_PREFIX = "voice_"


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings beside those of every HTTP engine."""

    voices: tuple[str, ...] | Mapping[str, str] = ()
    """Names that clients may ask for; a table says what the server calls each. Empty: any name
    is passed on."""
    custom_voices: bool = False
    """Whether the server makes voices of recordings and takes their ids (`vivavoce voices add`)."""
    response_format: Literal["pcm", "wav"] = "pcm"
    """`pcm`: bare 16-bit mono samples. `wav`: 16-bit, any rate."""
    pcm_rate_hz: Annotated[int, Meta(ge=8000, le=192_000)] = RATE_HZ
    """Of `pcm`, which does not say it itself."""


@asynccontextmanager
async def open_engine(settings: Mapping[str, object]) -> AsyncGenerator[Synthesizer, None]:
    """Open a synthesizer; nothing is asked of the server yet.

    Raises:
        ConfigError: a setting can't be used.
    """
    endpoint, options = parse_endpoint(settings, Options)
    async with open_client(endpoint, "speech server") as client:
        yield HttpSynthesizer(client, endpoint.model, options)


class HttpSynthesizer:
    """Speaks by HTTP; shared by all sessions."""

    def __init__(self, client: HttpClient, model: str, options: Options) -> None:
        self._client = client
        self._model = model
        self._options = options
        self._names = dict(options.voices) if isinstance(options.voices, Mapping) else {}

    @property
    def voices(self) -> tuple[str, ...]:
        """Wire names of the voices; empty: any."""
        return tuple(self._options.voices)

    @property
    def custom_voices(self) -> bool:
        """As configured."""
        return self._options.custom_voices

    @property
    def languages(self) -> tuple[str, ...]:
        """Not known: the interface has no address to ask for them."""
        return ()

    async def synthesize(self, text: str, voice: str, speed: float) -> Stream[Pcm]:
        """Speak one piece of text at 24 kHz.

        Raises:
            EngineError: the server failed, or sent something that is not 16-bit sound.
        """
        body: dict[str, object] = {
            "model": self._model,
            "input": text,
            "voice": self._voice(voice),
            "response_format": self._options.response_format,
        }
        if speed != 1.0:
            body["speed"] = speed
        async with self._client.post_json("/audio/speech", body) as response:
            if any(kind in response.content_type for kind in NOT_SOUND):
                raise self._client.error(f"sent {response.content_type} in place of samples.")
            bare = SoundFormat(self._options.pcm_rate_hz)
            sound = SoundStream(bare if self._options.response_format == "pcm" else None)
            try:
                async for data in response.content.iter_any():
                    if samples := sound.push(data):
                        yield Pcm(samples)
                if samples := sound.flush():
                    yield Pcm(samples)
            except BadSound as error:
                raise self._client.error(f"sent no usable WAV: {error}.") from error

    def _voice(self, voice: str) -> object:
        if self._options.custom_voices and voice.startswith(CUSTOM_VOICE_PREFIX):
            return {"id": voice}
        return self._names.get(voice, voice)
