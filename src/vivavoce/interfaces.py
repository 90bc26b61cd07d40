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
from vivavoce.protocol.client_events import ClientEvent
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


class TranscriptionHints(Struct, frozen=True, kw_only=True):
    """What the client told us about the speech to come."""

    model: str | None = None
    """The transcription model the client named; None when it asked for none."""
    language: str | None = None
    """ISO-639-1, or None to detect."""
    prompt: str | None = None


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


class Transcript(Struct, frozen=True, tag=True):
    """The end of a transcription: exactly one, and last. Empty text: nothing was said."""

    text: str
    language: str | None = None
    logprobs: tuple[TokenLogprob, ...] = ()


TranscriptionEvent = TranscriptDelta | TranscriptSoFar | Transcript
AudioOrPause = Pcm | SpeechPaused | SpeechResumed


class Transcriber(Protocol):
    """Turns speech into words, while it is being spoken."""

    @property
    def prepare_after_ms(self) -> int:
        """Silence after which it may be asked for a transcript that covers the pause."""
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


class PromptMessage(Struct, frozen=True, tag=True):
    """Something said or written."""

    role: Literal["system", "user", "assistant"]
    text: str


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

    def synthesize(self, text: str, voice: str, speed: float) -> Stream[Pcm]:
        """Speak one piece of text at 24 kHz; `speed` 0.25 to 1.5 keeps the pitch."""
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
    def prepare_after_ms(self) -> int:
        """Silence after which preparing an answer is worth its cost."""
        ...

    def respond(self, request: ResponseRequest) -> Stream[ResponseEvent]:
        """Make one answer.

        For audio a `TextDelta` comes right before the sound of its words (a clause or sentence
        at a time), so that what was not heard can be told from what was.
        """
        ...


# --- transports -------------------------------------------------------------------------------


class MalformedEvent(Struct, frozen=True, tag=True):
    """Something arrived that is no client event; the session answers with `error`."""

    message: str
    code: str | None
    param: str | None
    event_id: str | None = None


class Transport(Protocol):
    """One client connection, as the runner sees it."""

    async def receive(self) -> ClientEvent | MalformedEvent | None:
        """Wait for the next event, in the order of arrival; None when the peer is gone."""
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


# --- all of them ------------------------------------------------------------------------------


class Engines(Struct, frozen=True, kw_only=True):
    """The open engines of a server, shared by all its sessions."""

    new_speech_detector: Callable[[], SpeechDetector]
    transcriber: Transcriber
    responder: Responder
    language_model: LanguageModel
    voices: tuple[str, ...]
    """Wire names of the voices; empty: any is passed on."""
    turn_judge: TurnJudge | None = None
    """None: a pause alone is reason enough to prepare an answer."""
