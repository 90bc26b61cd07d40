"""What turns sound into words, and says when somebody has finished."""

from collections.abc import AsyncIterator
from typing import Literal, Protocol

from msgspec import Struct

from vivavoce.interfaces.stream import Stream
from vivavoce.media.pcm import Pcm

FRAME_MS = 32
"""Length of one frame of speech detection (512 samples at 16 kHz, 768 at 24 kHz)."""


class SpeechDetector(Protocol):
    """Says of each frame how likely it contains speech. One per session, synchronous, cheap."""

    def push(self, audio: Pcm) -> list[float]:
        """Take 24 kHz audio of any length; return a probability (0 to 1) per frame completed."""
        ...


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


class TurnJudge(Protocol):
    """Says from the sound of the last seconds whether the speaker has finished."""

    async def judge(self, audio: Pcm) -> float:
        """Return the probability (0 to 1) that the turn is over, from up to 8 s of 24 kHz."""
        ...
