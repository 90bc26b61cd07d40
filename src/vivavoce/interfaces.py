"""What the session, the engines and the transports must know of each other, and no more.

The core asks for work in these words, the runtime carries the requests, engines and
transports fulfil them. This module imports nothing of the package but `protocol` and `media`.

An engine is an async generator: whoever iterates it does so under `contextlib.aclosing`, so
cancelling the job closes the generator at once and its `finally` frees what it holds (within
100 ms, or one piece of prefill). Engines raise `EngineError` and nothing else on purpose.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Literal, Protocol, TypeVar

from msgspec import Struct

from vivavoce.media.pcm import Pcm
from vivavoce.protocol.client_events import ClientEvent, TranslationClientEvent
from vivavoce.protocol.server_events import ServerEvent

T = TypeVar("T")
Stream = AsyncGenerator[T, None]
"""Closing it frees what it holds."""

# --- speech detection -------------------------------------------------------------------------

FRAME_MS = 32
"""Length of one frame of speech detection (512 samples at 16 kHz, 768 at 24 kHz)."""


class SpeechDetector(Protocol):
    """Says of each frame how likely it contains speech. One per session, synchronous, cheap."""

    def push(self, audio: Pcm) -> list[float]:
        """Take 24 kHz audio of any length; return a probability (0 to 1) per frame completed."""
        ...


# --- transcription ----------------------------------------------------------------------------


class SpeechPaused(Struct, frozen=True, tag=True):
    """The speaker fell silent: an engine gives its best transcript of all audio so far."""


class SpeechResumed(Struct, frozen=True, tag=True):
    """The speaker went on after a pause: what was said of the pause is not the end."""


Delay = Literal["minimal", "low", "medium", "high", "xhigh"]
"""How long a transcriber waits before it commits itself to words: sooner, or more surely right."""


class TranscriptionHints(Struct, frozen=True, kw_only=True):
    """What the client told us about the speech to come; only what `abilities` promise is set."""

    model: str | None = None
    """The transcription model the client named; None when it asked for none."""
    language: str | None = None
    """ISO-639-1, or None to detect."""
    languages: tuple[str, ...] = ()
    """ISO-639-1: what is spoken is one of these; empty: anything."""
    prompt: str | None = None
    """What is talked about, in words of the client."""
    keywords: tuple[str, ...] = ()
    """Names and words to expect, as they are written."""
    delay: Delay | None = None
    """None: as the engine thinks best."""
    logprobs: bool = False
    """Whether `Transcript.logprobs` is wanted; without it they may be left out."""
    speakers: bool = False
    """Whether `Transcript.segments` is wanted."""


class TranscriberAbilities(Struct, frozen=True, kw_only=True):
    """Which hints a transcriber honours. The others are refused by name, before it is asked."""

    languages: tuple[str, ...] | None = None
    """ISO-639-1 of those it knows; None: any is passed on."""
    candidates: bool = False
    """Whether `languages` narrows what it detects."""
    prompt: bool = False
    keywords: bool = False
    delay: bool = False
    logprobs: bool = False
    speakers: bool = False
    """Whether it can tell who spoke."""
    writes_while_listening: bool = False
    """Whether deltas may come before the speech is over. Then it is given the sound as it comes,
    even where nobody says that a turn has begun."""


class TranscriptDelta(Struct, frozen=True, tag=True):
    """Words that will not change any more, to be appended to the deltas before (spaces kept)."""

    text: str


class TranscriptSoFar(Struct, frozen=True, tag=True):
    """All that was said up to now, as it looks now; a later one replaces it."""

    text: str
    covers_pause: bool = False
    """Whether it was made after `SpeechPaused` and holds every word before it."""


class TokenLogprob(Struct, frozen=True):
    """One token of a transcript with its natural-log probability."""

    token: str
    logprob: float


class SpokenSegment(Struct, frozen=True, kw_only=True):
    """A stretch of speech of one speaker; times in seconds from the start of the audio."""

    text: str
    speaker: str
    """A label, such as "A"; the same within one transcript only."""
    start_s: float
    end_s: float


class Transcript(Struct, frozen=True, tag=True):
    """The end of a transcription: exactly one, and last. Empty text: nothing was said."""

    text: str
    language: str | None = None
    """ISO-639-1, as detected or told."""
    logprobs: tuple[TokenLogprob, ...] = ()
    segments: tuple[SpokenSegment, ...] = ()
    """Who said what, where `hints.speakers` asked for it."""


TranscriptionEvent = TranscriptDelta | TranscriptSoFar | Transcript
AudioOrPause = Pcm | SpeechPaused | SpeechResumed


class Transcriber(Protocol):
    """Turns speech into words, while it is being spoken."""

    @property
    def prepare_after_ms(self) -> int:
        """Silence after which it may be asked for a transcript that covers the pause."""
        ...

    @property
    def abilities(self) -> TranscriberAbilities:
        """Which hints it honours; the same as long as it is open."""
        ...

    def transcribe(
        self, audio: AsyncIterator[AudioOrPause], hints: TranscriptionHints
    ) -> Stream[TranscriptionEvent]:
        """Follow 24 kHz audio to its end; yield deltas, then exactly one `Transcript`.

        After `SpeechPaused` it yields a `TranscriptSoFar(covers_pause=True)` as soon as it can.
        When the audio ends and no `SpeechResumed` came since, that text is the transcript and
        need not be made again.
        """
        ...


# --- end of turn ------------------------------------------------------------------------------


class TurnJudge(Protocol):
    """Says from the sound of the last seconds whether the speaker has finished."""

    async def judge(self, audio: Pcm) -> float:
        """Return the probability (0 to 1) that the turn is over, from up to 8 s of 24 kHz."""
        ...


# --- language model ---------------------------------------------------------------------------


class PromptMessage(Struct, frozen=True, tag=True, omit_defaults=True):
    """Something said or written."""

    role: Literal["system", "user", "assistant"]
    text: str
    """Empty only where `audio` could not be transcribed."""
    audio: bytes = b""
    """What the user's words sounded like, 24 kHz 16-bit mono: for responders that hear audio, as
    long as the session keeps it."""


class PromptToolCall(Struct, frozen=True, tag=True):
    """A call the model made."""

    call_id: str
    name: str
    arguments: str
    """JSON text."""


class PromptToolOutput(Struct, frozen=True, tag=True):
    """What came of a call; "pending" text when nothing came yet."""

    call_id: str
    output: str


PromptItem = PromptMessage | PromptToolCall | PromptToolOutput


class Tool(Struct, frozen=True):
    """A function the model may call."""

    name: str
    description: str = ""
    parameters: Mapping[str, object] | None = None
    """JSON Schema of the arguments; None: no arguments."""


class Prompt(Struct, frozen=True, kw_only=True):
    """All that a language model is given for one answer.

    The rendered prompt of a session only ever grows at its end, except after an edit of the
    conversation, an update of instructions or tools, or a truncation.
    """

    session_id: str
    """Whose prefix cache to use. Out-of-band responses have `out_of_band` set."""
    out_of_band: bool = False
    instructions: str = ""
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    """`auto`, `none`, `required`, or `function:NAME`."""
    items: tuple[PromptItem, ...] = ()
    max_output_tokens: int | None = None
    temperature: float | None = None
    """Of sampling, 0.6 to 1.2, as Beta clients set it; None: the engine's own."""
    parallel_tool_calls: bool = True
    """Whether one answer may hold several calls."""
    reasoning_effort: str | None = None
    """One of the model's `reasoning_efforts`; None: its own choice."""
    spoken: bool = True
    """Whether the answer will be read aloud: plain words, no Markdown."""


class TextDelta(Struct, frozen=True, tag=True):
    """Text of the answer; for spoken answers the words whose audio follows."""

    text: str
    n_tokens: int = 1


class ToolCallStarted(Struct, frozen=True, tag=True):
    """A call begins; its arguments follow. Several may come one after the other."""

    name: str


class ToolCallDelta(Struct, frozen=True, tag=True):
    """A piece of the JSON arguments of the call under way."""

    arguments: str
    n_tokens: int = 1


class ToolCallFinished(Struct, frozen=True, tag=True):
    """The arguments are whole and parse."""


class Finished(Struct, frozen=True, tag=True):
    """The end of an answer: exactly one, and last."""

    reason: Literal["stop", "max_output_tokens", "content_filter"] = "stop"
    input_tokens: int | None = None
    """Prompt tokens as the engine counts them; None when it does not say."""
    cached_tokens: int | None = None
    """How many of them were reused from the engine's cache."""


ModelEvent = TextDelta | ToolCallStarted | ToolCallDelta | ToolCallFinished | Finished


class LanguageModel(Protocol):
    """Writes the answer."""

    @property
    def prepare_after_ms(self) -> int:
        """Silence after which preparing an answer is worth its cost."""
        ...

    @property
    def window_tokens(self) -> int | None:
        """Size of its context window; None when it is not known."""
        ...

    @property
    def reasoning_efforts(self) -> tuple[str, ...]:
        """How hard it can be asked to think, least first; empty: it does not reason."""
        ...

    def generate(self, prompt: Prompt) -> Stream[ModelEvent]:
        """Write one answer."""
        ...

    async def prefill(self, prompt: Prompt) -> None:
        """Read the prompt ahead of time, yielding to live work; may do nothing."""
        ...

    async def count_tokens(self, texts: list[str]) -> list[int]:
        """Count tokens of each text, without any added for roles."""
        ...

    def check_tool(self, tool: Tool) -> None:
        """Accept the tool, or refuse it. Quick, synchronous, no I/O.

        Raises:
            ProtocolError: names the JSON-Schema keyword it cannot honour; `param` is relative to
                the tool, such as `parameters.properties.x.pattern`.
        """
        ...

    def release(self, session_id: str) -> None:
        """Forget what is kept for a session. Quick, synchronous."""
        ...


# --- synthesis --------------------------------------------------------------------------------


class Synthesizer(Protocol):
    """Speaks text."""

    @property
    def voices(self) -> tuple[str, ...]:
        """Wire names of the voices it has; empty: any name is passed on."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages it speaks, ISO-639-1; empty: not known, any text is passed on."""
        ...

    @property
    def custom_voices(self) -> bool:
        """Whether it knows voices made from recordings, by their ids: `voice_...`."""
        ...

    def synthesize(self, text: str, voice: str, speed: float) -> Stream[Pcm]:
        """Speak one piece of text at 24 kHz; `speed` 0.25 to 1.5 keeps the pitch.

        `voice` is a wire name, or the id of a custom voice where there are such.
        """
        ...


# --- responder --------------------------------------------------------------------------------


class ResponseRequest(Struct, frozen=True, kw_only=True):
    """One answer to be made."""

    response_id: str
    prompt: Prompt
    modality: Literal["text", "audio"] = "audio"
    voice: str = "alloy"
    speed: float = 1.0


class AudioDelta(Struct, frozen=True, tag=True):
    """Speech of the words in the `TextDelta`s before it, 24 kHz 16-bit mono."""

    data: bytes


ResponseEvent = (
    TextDelta | AudioDelta | ToolCallStarted | ToolCallDelta | ToolCallFinished | Finished
)


class Responder(Protocol):
    """Makes a whole answer: text, sound, calls."""

    @property
    def hears_audio(self) -> bool:
        """Whether it wants the user's sound in its prompts, besides the transcripts."""
        ...

    @property
    def prepare_after_ms(self) -> int:
        """Silence after which preparing an answer is worth its cost."""
        ...

    def respond(self, request: ResponseRequest) -> Stream[ResponseEvent]:
        """Make one answer.

        For audio a `TextDelta` comes right before the sound of its words (a clause or sentence
        at a time), so that what was not heard can be told from what was.
        """
        ...


class ResponderEngine(Struct, frozen=True, kw_only=True):
    """What an engine is that answers by itself, with neither language model nor synthesizer."""

    responder: Responder
    language_model: LanguageModel
    """The same engine as a writer: what it counts, accepts and forgets, without a voice."""
    voices: tuple[str, ...] = ()
    """Wire names of its voices; empty: any is passed on."""


# --- translation ------------------------------------------------------------------------------


class TranslatedText(Struct, frozen=True):
    """An earlier utterance, in both languages."""

    said: str
    translation: str


class TranslationRequest(Struct, frozen=True, kw_only=True):
    """One utterance to be translated. Either `audio` or `text` is given, as the engine needs."""

    session_id: str
    language: str
    """To translate into, as the client wrote it; one of the engine's `languages` if it has any."""
    voice: str = "alloy"
    """For engines that speak."""
    audio: bytes = b""
    """24 kHz 16-bit mono, at most 20 s and the silence around it."""
    text: str = ""
    """What was said, for engines that need a transcript."""
    likely_language: str | None = None
    """ISO-639-1, what was spoken before; None: not known."""
    earlier: tuple[TranslatedText, ...] = ()
    """The last utterances, for engines that need a transcript; oldest first."""


class Translated(Struct, frozen=True, tag=True):
    """The end of a translation: exactly one, and last."""

    source_language: str | None = None
    """ISO-639-1, when the engine found out."""


TranslationEvent = TextDelta | AudioDelta | Translated


class Translator(Protocol):
    """Writes in another language what was said."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages it writes, ISO-639-1; empty: any, and their names are passed on."""
        ...

    @property
    def needs_transcript(self) -> bool:
        """Whether it is given text, and not audio."""
        ...

    def translate(self, request: TranslationRequest) -> Stream[TextDelta | Translated]:
        """Translate one utterance; no text when nothing was said."""
        ...


class Interpreter(Protocol):
    """Says in another language what was said."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages it speaks, ISO-639-1; empty: any, and their names are passed on."""
        ...

    @property
    def needs_transcript(self) -> bool:
        """Whether it is given text, and not audio."""
        ...

    def interpret(self, request: TranslationRequest) -> Stream[TranslationEvent]:
        """Translate and speak one utterance; a `TextDelta` comes right before its sound."""
        ...


# --- transports -------------------------------------------------------------------------------


PRIMARY = 0
"""Number of the connection that a session began with; control connections have higher ones."""


class MalformedEvent(Struct, frozen=True, tag=True):
    """Something arrived that is no client event; the session answers with `error`."""

    message: str
    code: str | None
    param: str | None
    event_id: str | None = None
    connection: int = PRIMARY
    """By which of the session's connections it came; the runtime's to fill in."""


class TrackSound(Struct, frozen=True, tag=True):
    """What a microphone heard in the last 20 ms or so, of a call; 24 kHz 16-bit mono."""

    heard: bytes
    played: bytes
    """What was handed to the listener at the same moment: its echo may be in what is heard next."""


Received = ClientEvent | TranslationClientEvent | MalformedEvent | TrackSound
"""What a client sends, in the kind of session it opened."""


class Transport(Protocol):
    """One client connection, as the runner sees it."""

    async def receive(self) -> Received | None:
        """Wait for the next event, in the order of arrival; None when the peer said goodbye.

        Raises:
            TransportClosed: the peer is gone without a goodbye; it may come back.
        """
        ...

    async def send(self, event: ServerEvent) -> None:
        """Send one event.

        Raises:
            TransportClosed: the peer is gone.
        """
        ...

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye (RFC 6455 close code) and free everything."""
        ...

    @property
    def unsent_bytes(self) -> int:
        """Bytes accepted by `send` that the peer has not taken yet; 0 if unknown."""
        ...


class CallTransport(Transport, Protocol):
    """A connection that carries sound of its own, besides events."""

    def exchange(self, played: bytes) -> None:
        """Hand the listener the next 20 ms of sound, and take in what was heard since.

        Called every 20 ms; never waits. What was heard is received as `TrackSound`.

        Args:
            played: 24 kHz 16-bit mono.
        """
        ...


# --- all of them ------------------------------------------------------------------------------


class Engines(Struct, frozen=True, kw_only=True):
    """The open engines of a server, shared by all its sessions."""

    new_speech_detector: Callable[[], SpeechDetector]
    transcriber: Transcriber
    responder: Responder
    language_model: LanguageModel
    voices: tuple[str, ...]
    """Wire names of the voices; empty: any is passed on."""
    custom_voices: bool = False
    """Whether a voice may also be the id of one made from a recording."""
    turn_judge: TurnJudge | None = None
    """None: a pause alone is reason enough to prepare an answer."""
    interpreter: Interpreter | None = None
    """None: nothing is translated."""
