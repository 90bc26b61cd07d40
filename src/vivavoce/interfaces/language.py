"""What writes the answer: the prompt, what comes back, and the model."""

from collections.abc import Mapping
from typing import Literal, Protocol

from msgspec import Struct

from vivavoce.interfaces.pictures import Detail
from vivavoce.interfaces.stream import Stream


class PromptPicture(Struct, frozen=True):
    """A picture in a message, for engines that see it as it is."""

    picture_id: str
    """Of one and the same picture always the same, within a session."""
    image_url: str
    """A data URL."""
    detail: Detail = "auto"


class PromptMessage(Struct, frozen=True, tag=True, omit_defaults=True):
    """Something said or written."""

    role: Literal["system", "user", "assistant"]
    text: str
    """Empty only where `audio` could not be transcribed."""
    audio: bytes = b""
    """What the user's words sounded like, 24 kHz 16-bit mono: for responders that hear audio, as
    long as the session keeps it."""
    parts: tuple[str | PromptPicture, ...] = ()
    """Of a message with pictures, for engines that see: all of it in order, `text` included."""


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


class PromptRead(Struct, frozen=True, tag=True):
    """A sign of life before the first word: the engine gets on with reading. Nothing to report."""

    n_tokens: int | None = None
    """How far the prompt is read; None: it waits for other answers, and those get on."""


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

    @property
    def sees_pictures(self) -> bool:
        """Whether it wants pictures as they are, in `parts`; else it is given words for them."""
        ...

    def generate(self, prompt: Prompt) -> Stream[ModelEvent | PromptRead]:
        """Write one answer; one that reads for long says meanwhile that it gets on."""
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
