"""A model that hears and speaks, behind any server with the address `/v1/chat/completions`.

Sound goes in as parts of the messages and comes out in the stream: in `delta.audio`, as the vendor
sends it, or as `content` of chunks whose `modality` is `audio`, as vLLM-Omni does.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Annotated, Literal

import pybase64
from msgspec import Meta, Struct

from vivavoce.engines.http_client import HttpClient, open_client, parse_endpoint
from vivavoce.engines.language_models.chat_chunks import AnswerReader, Chunk
from vivavoce.engines.language_models.chat_messages import chat_body, chat_messages
from vivavoce.engines.language_models.chat_stream import chat_events
from vivavoce.engines.responders.sound_places import after_last_answer
from vivavoce.engines.responders.spoken_order import SpokenOrder
from vivavoce.engines.responders.writing import ResponderAsWriter
from vivavoce.engines.synthesizers.sound_stream import BadSound, SoundStream
from vivavoce.interfaces import (
    FRAME_MS,
    AudioDelta,
    ModelEvent,
    ResponderEngine,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
)
from vivavoce.media.tempo import Tempo

WAV_BEGINS = b"RIFF"


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings beside those of every HTTP engine."""

    voices: tuple[str, ...] | Mapping[str, str] = ()
    """Names that clients may ask for; a table says what the server calls each. Empty: any name
    is passed on."""
    window_tokens: Annotated[int, Meta(ge=256)] | None = None
    """Size of the model's context window, if you know it."""
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the server calls the limit."""
    reasoning_efforts: tuple[Literal["minimal", "low", "medium", "high", "xhigh"], ...] = ()
    """What the model knows of `reasoning_effort`, least first; empty: it does not reason."""
    vision: bool = False
    """Whether the model sees: pictures go to it as they are, else as the words found in them."""


@asynccontextmanager
async def open_engine(settings: Mapping[str, object]) -> AsyncGenerator[ResponderEngine, None]:
    """Open a responder; nothing is asked of the server yet.

    Raises:
        ConfigError: a setting can't be used.
    """
    endpoint, options = parse_endpoint(settings, Options)
    async with open_client(endpoint, "omni model server") as client:
        responder = OmniResponder(client, endpoint.model, options)
        writer = ResponderAsWriter(
            responder,
            window_tokens=options.window_tokens,
            reasoning_efforts=options.reasoning_efforts,
        )
        yield ResponderEngine(
            responder=responder, language_model=writer, voices=tuple(options.voices)
        )


class OmniResponder:
    """Asks for chat completions with sound; shared by all sessions."""

    prepare_after_ms = FRAME_MS
    hears_audio = True

    def __init__(self, client: HttpClient, model: str, options: Options) -> None:
        self._client = client
        self._model = model
        self._options = options
        self.sees_pictures = options.vision
        self._names = dict(options.voices) if isinstance(options.voices, Mapping) else {}

    async def respond(self, request: ResponseRequest) -> Stream[ResponseEvent]:
        """Make one answer.

        Raises:
            EngineError: the server failed, or its answer can't be understood.
        """
        answer = _OmniReader(self._client, request)
        async with aclosing(chat_events(self._client, self._body(request), answer)) as events:
            async for event in events:
                yield event

    def _body(self, request: ResponseRequest) -> dict[str, object]:
        prompt = request.prompt
        body = chat_body(prompt, self._model, self._options.max_tokens_field)
        body["messages"] = chat_messages(prompt, sound_from=after_last_answer(prompt.items))
        if request.modality == "text":
            return {**body, "modalities": ["text"]}
        voice = self._names.get(request.voice, request.voice)
        sound = {"voice": voice, "format": "pcm16"}
        return {**body, "modalities": ["text", "audio"], "audio": sound}


class _OmniReader:
    """Turns chunks into the events of one answer."""

    def __init__(self, client: HttpClient, request: ResponseRequest) -> None:
        self._client = client
        self._is_spoken = request.modality == "audio"
        self._chunks = AnswerReader(client)
        self._order = SpokenOrder(request.speed)
        self._speed = request.speed  # the interface has no field for it
        self._tempo = Tempo(request.speed)
        self._half = b""

    def read(self, chunk: Chunk) -> Iterator[ResponseEvent]:
        for event in self._chunks.read(chunk):
            yield from self._in_order(event)
        for choice in chunk.choices or ():
            delta = choice.delta
            if delta is None or not self._is_spoken:
                continue
            if delta.audio is not None and delta.audio.transcript:
                self._order.push_words(delta.audio.transcript)
            if delta.audio is not None and delta.audio.data:
                yield from self._sound(delta.audio.data)
            if delta.content and chunk.modality == "audio":
                yield from self._sound(delta.content)

    def end(self, *, is_done: bool) -> Iterator[ResponseEvent]:
        for event in self._chunks.end(is_done=is_done):
            yield from self._in_order(event)

    def _in_order(self, event: ModelEvent) -> Iterator[ResponseEvent]:
        if not self._is_spoken:
            yield event
        elif isinstance(event, TextDelta):
            self._order.push_words(event.text)
        else:
            yield from self._rest()
            yield event

    def _rest(self) -> Iterator[TextDelta | AudioDelta]:
        """Yield what is held back: a call follows, or the end."""
        if held := self._tempo.flush():
            yield from self._order.push_sound(held)
        self._tempo = Tempo(self._speed)
        yield from self._order.flush()

    def _sound(self, data: str) -> Iterator[TextDelta | AudioDelta]:
        try:
            sound = pybase64.b64decode(data, validate=True)
            if sound.startswith(WAV_BEGINS):
                stream = SoundStream(None)  # each piece a file of its own
                sound = stream.push(sound) + stream.flush()
        except ValueError as error:
            raise self._client.error("sent sound that is no base64.") from error
        except BadSound as error:
            raise self._client.error(f"sent no usable WAV: {error}.") from error
        sound = self._half + sound
        whole = len(sound) - len(sound) % 2
        self._half = sound[whole:]
        yield from self._order.push_sound(self._tempo.push(sound[:whole]))
