"""Transcription by any server with the address `/v1/audio/transcriptions`.

Such servers take whole recordings only. So all audio of the turn is sent at the pause, and again
only if the speaker went on.
"""

import asyncio
import io
import wave
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import partial

import aiohttp
from msgspec import Struct

from vivavoce.engines.http_client import (
    HttpClient,
    decoded,
    error_text,
    event_data,
    open_client,
    parse_endpoint,
    read_to_end,
)
from vivavoce.engines.transcribers.openai_answers import (
    Answer,
    ServerAbilities,
    abilities_of,
    form_fields,
    transcript_of,
)
from vivavoce.errors import EngineError
from vivavoce.interfaces import (
    FRAME_MS,
    AudioOrPause,
    SpeechPaused,
    SpeechResumed,
    Stream,
    Transcriber,
    Transcript,
    TranscriptDelta,
    TranscriptionEvent,
    TranscriptionHints,
    TranscriptSoFar,
)
from vivavoce.media.pcm import BYTES_PER_MS, BYTES_PER_SAMPLE, RATE_HZ, Pcm

SHORTEST_MS = 100
"""The hosted service refuses less; silence is added."""

Post = Callable[[TranscriptionEvent], None]
Say = Callable[[str], None]
Recognise = Callable[[bytes, Say], Coroutine[None, None, Transcript]]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings beside those of every HTTP engine."""

    language: str | None = None
    """ISO-639-1, when the client does not say; None: the server detects it."""
    prompt: str | None = None
    """When the client gives none."""
    stream: bool = False
    """Ask for the transcript word by word; not every server can."""
    logprobs: bool | None = None
    """Whether the server tells how probable its words are; None: the model's name tells."""
    speakers: bool | None = None
    """Whether it tells who spoke (`diarized_json`); None: the model's name tells."""


@asynccontextmanager
async def open_engine(settings: Mapping[str, object]) -> AsyncGenerator[Transcriber, None]:
    """Open a transcriber; nothing is asked of the server yet.

    Raises:
        ConfigError: a setting can't be used.
    """
    endpoint, options = parse_endpoint(settings, Options)
    async with open_client(endpoint, "transcription server") as client:
        yield HttpTranscriber(client, endpoint.model, options)


class HttpTranscriber:
    """Transcribes by HTTP; shared by all sessions."""

    prepare_after_ms = FRAME_MS

    def __init__(self, client: HttpClient, model: str, options: Options) -> None:
        self.abilities = abilities_of(
            model, ServerAbilities(logprobs=options.logprobs, speakers=options.speakers)
        )
        self._client = client
        self._model = model
        self._options = options

    async def transcribe(
        self, audio: AsyncIterator[AudioOrPause], hints: TranscriptionHints
    ) -> Stream[TranscriptionEvent]:
        """Ask at each pause, and at the end if there was speech since.

        Raises:
            EngineError: the server failed.
        """
        events: asyncio.Queue[TranscriptionEvent | EngineError] = asyncio.Queue()
        event: TranscriptionEvent | EngineError | None = None
        async with asyncio.TaskGroup() as tasks:
            # Beside the generator, so that a request in vain ends when the speaker goes on.
            follower = tasks.create_task(self._follow(audio, hints, events.put_nowait))
            try:
                while not isinstance(event := await events.get(), EngineError | Transcript):
                    yield event
            except GeneratorExit:
                # A task group would make an error of it; it is enough that the generator ends.
                follower.cancel()
                event = None
        if isinstance(event, EngineError):
            raise event
        if event is not None:
            yield event

    async def _follow(
        self,
        audio: AsyncIterator[AudioOrPause],
        hints: TranscriptionHints,
        post: Callable[[TranscriptionEvent | EngineError], None],
    ) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                turn = _Turn(tasks, partial(self._recognise, hints), post)
                async for entry in audio:
                    turn.take(entry)
                await turn.end()
        except BaseExceptionGroup as group:
            errors = group.subgroup(EngineError)
            if errors is None:
                raise
            post(_first(errors))

    async def _recognise(self, hints: TranscriptionHints, sound: bytes, say: Say) -> Transcript:
        """Ask the server once; `say` is told each new piece of text, if the server streams."""
        if not sound:
            return Transcript("")

        def fill(form: aiohttp.FormData) -> None:
            form.add_field(
                "file", io.BytesIO(_wav(sound)), filename="audio.wav", content_type="audio/wav"
            )
            for name, value in self._fields(hints):
                form.add_field(name, value)

        async with self._client.post_form("/audio/transcriptions", fill) as response:
            if "event-stream" in response.content_type:
                return transcript_of(await _read_stream(response, self._client, say), hints)
            answer = decoded(await response.read(), Answer, self._client)
            return transcript_of(answer, hints)

    def _fields(self, hints: TranscriptionHints) -> Iterator[tuple[str, str]]:
        options = self._options
        return form_fields(
            hints,
            model=self._model,
            language=options.language,
            prompt=options.prompt,
            stream=options.stream,
        )


class _Turn:
    """The audio of one turn, and the request about it."""

    def __init__(self, tasks: asyncio.TaskGroup, recognise: Recognise, post: Post) -> None:
        self._tasks = tasks
        self._recognise = recognise
        self._post = post
        self._sound = bytearray()
        self._request: asyncio.Task[Transcript] | None = None
        self._is_over = False
        self._unsaid = ""
        """Text that came before it was clear that the speaker had finished."""

    def take(self, entry: AudioOrPause) -> None:
        """Follow the audio."""
        match entry:
            case Pcm(data=data):
                self._sound += data
            case SpeechPaused():
                self._forget_request()
                self._request = self._tasks.create_task(self._ask())
            case SpeechResumed():
                self._forget_request()

    async def end(self) -> None:
        """Post the transcript of all audio."""
        self._is_over = True
        request = self._request or self._tasks.create_task(self._ask())
        self._say("")
        self._post(await request)

    async def _ask(self) -> Transcript:
        transcript = await self._recognise(bytes(self._sound), self._say)
        if not self._is_over:
            self._post(TranscriptSoFar(transcript.text, covers_pause=True))
        return transcript

    def _say(self, text: str) -> None:
        self._unsaid += text
        if self._is_over and self._unsaid:
            self._post(TranscriptDelta(self._unsaid))
            self._unsaid = ""

    def _forget_request(self) -> None:
        self._unsaid = ""
        if self._request is not None:
            self._request.cancel()
            self._request = None


class _ChunkDelta(Struct, frozen=True):
    content: str | None = None


class _ChunkChoice(Struct, frozen=True):
    delta: _ChunkDelta = _ChunkDelta()


class _Chunk(Struct, frozen=True):
    """An event of a streamed transcript: the hosted service's, or (`choices`) that of vLLM."""

    type: str = ""
    delta: str = ""
    choices: tuple[_ChunkChoice, ...] = ()
    error: object = None


async def _read_stream(response: aiohttp.ClientResponse, client: HttpClient, say: Say) -> Answer:
    text = ""
    async with aclosing(event_data(response, client)) as events:
        async for data in events:
            if data == b"[DONE]":
                await read_to_end(response)
                return Answer(text)
            chunk = decoded(data, _Chunk, client)
            if chunk.error:
                raise client.error(f"gave up: {error_text(chunk.error)}.")
            if chunk.type == "transcript.text.done":
                await read_to_end(response)
                return decoded(data, Answer, client)
            said = chunk.delta + "".join(choice.delta.content or "" for choice in chunk.choices)
            text += said
            say(said if text != said else said.lstrip())
    raise client.error("stopped in the middle of a transcript.")


def _wav(sound: bytes) -> bytes:
    missing = SHORTEST_MS * BYTES_PER_MS - len(sound)
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(BYTES_PER_SAMPLE)
        wav.setframerate(RATE_HZ)
        wav.writeframes(sound + bytes(max(0, missing)))
    return file.getvalue()


def _first(group: BaseExceptionGroup[EngineError]) -> EngineError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
