"""Everything a session can be told: what happened, in the past tense.

A list of `(now, input)` is a session: it can be recorded, stored and replayed.
"""

from msgspec import Struct

from vivavoce.core.tool_reports import ToolFailed, ToolListingFailed, ToolReturned, ToolsListed
from vivavoce.interfaces import (
    PRIMARY,
    MalformedEvent,
    PictureFacts,
    PictureReading,
    ResponseEvent,
    TranscriptionEvent,
    TranslationEvent,
)
from vivavoce.protocol.client_events import ClientEvent, SessionClose, TranslationUpdate
from vivavoce.protocol.extensions import PlaybackEnd
from vivavoce.protocol.stored_prompts import PromptTemplate


class SessionOpened(Struct, frozen=True, tag=True):
    """The connection stands: greet it. Always the first input."""

    wall_s: int
    """Unix time, for `expires_at`."""


class ClientSent(Struct, frozen=True, tag=True):
    """An event from the client; never `input_audio_buffer.append`, see `AudioHeard`."""

    event: ClientEvent
    prompt: PromptTemplate | None = None
    """The stored prompt that the event names; None: it names none, or there is none."""
    connection: int = PRIMARY
    """By which of the session's connections it came."""
    pictures: tuple[PictureFacts, ...] = ()
    """What the pictures in the event are, in their order."""


class SidebandOpened(Struct, frozen=True, tag=True):
    """A control connection was attached: greet it (10-transports-auth, section 6)."""

    connection: int
    """Its number, above that of all before."""
    extensions: bool = False
    """Whether it asked for `vivavoce.*` events; they are made from now on."""


class AudioHeard(Struct, frozen=True, tag=True):
    """Audio appended by the client, already 24 kHz 16-bit mono."""

    data: bytes
    probabilities: tuple[float, ...] = ()
    """Of speech, one per 32 ms frame that this audio completed."""


class TranscriptionProgress(Struct, frozen=True, tag=True):
    """A transcriber reports."""

    item_id: str
    event: TranscriptionEvent


class TranscriptionFailed(Struct, frozen=True, tag=True):
    """A transcriber gave up."""

    item_id: str
    message: str
    code: str


class TurnJudged(Struct, frozen=True, tag=True):
    """The end-of-turn model's verdict on the pause it was asked about."""

    item_id: str
    pause_ms: int
    """Audio time of the pause's start, as asked."""
    probability: float
    """That the speaker has finished."""


class ResponseProgress(Struct, frozen=True, tag=True):
    """A responder reports. Audio is already in the response's output format."""

    response_id: str
    event: ResponseEvent


class ResponseFailed(Struct, frozen=True, tag=True):
    """A responder gave up, or made no progress for too long; or a limit kept it from starting."""

    response_id: str
    message: str
    code: str
    kind: str = "server_error"
    """The wire's `error.type`."""
    was_started: bool = True
    """Whether an engine was asked; what was not started costs nothing."""


class TokensCounted(Struct, frozen=True, tag=True):
    """The engine's count of the text of a conversation item, or of `instructions`."""

    subject_id: str
    n_tokens: int


class PictureRead(Struct, frozen=True, tag=True):
    """A picture was put into words, or could not be."""

    picture_id: str
    reading: PictureReading | None
    """None: it could not be read."""


class TranslationClientSent(Struct, frozen=True, tag=True):
    """An event from the client of a translation session; never audio, see `AudioHeard`."""

    event: TranslationUpdate | SessionClose


class TranslationProgress(Struct, frozen=True, tag=True):
    """An interpreter reports."""

    utterance_id: str
    event: TranslationEvent


class TranslationFailed(Struct, frozen=True, tag=True):
    """An interpreter gave up, or made no progress for too long."""

    utterance_id: str
    message: str
    code: str


class PlaybackStarted(Struct, frozen=True, tag=True):
    """The listener begins to hear a response (WebRTC and SIP)."""

    response_id: str


class PlaybackEnded(Struct, frozen=True, tag=True):
    """The last sound of a response, which is done, was played."""

    response_id: str


class PlayedItem(Struct, frozen=True):
    """An item of which not all was played."""

    item_id: str
    played_ms: int
    """What was played of it; 0: nothing."""


class PlaybackCleared(Struct, frozen=True, tag=True):
    """What waited to be played of a response was dropped, as `ClearPlayback` asked."""

    response_id: str
    items: tuple[PlayedItem, ...] = ()
    """Those that were not heard to their end."""


class KeyHeard(Struct, frozen=True, tag=True):
    """The caller pressed a key of the telephone (SIP)."""

    key: str
    """One of `0` to `9`, `*`, `#`, `A` to `D`."""
    wall_s: int
    """Unix time."""


class InterludeStarted(Struct, frozen=True, tag=True):
    """The listener begins to hear a line or a sound that is no part of the conversation."""

    playback_id: str


class InterludeEnded(Struct, frozen=True, tag=True):
    """Nothing more of it will be heard."""

    playback_id: str
    reason: PlaybackEnd
    played_ms: int


class InterludeFailed(Struct, frozen=True, tag=True):
    """A synthesizer gave up its line, or made no progress for too long."""

    playback_id: str
    message: str


class Tick(Struct, frozen=True, tag=True):
    """The deadline that the session asked for has come."""


Input = (
    SessionOpened
    | SidebandOpened
    | ClientSent
    | MalformedEvent
    | AudioHeard
    | TranscriptionProgress
    | TranscriptionFailed
    | TurnJudged
    | ResponseProgress
    | ResponseFailed
    | TokensCounted
    | PictureRead
    | TranslationClientSent
    | TranslationProgress
    | TranslationFailed
    | PlaybackStarted
    | PlaybackEnded
    | PlaybackCleared
    | KeyHeard
    | InterludeStarted
    | InterludeEnded
    | InterludeFailed
    | ToolsListed
    | ToolListingFailed
    | ToolReturned
    | ToolFailed
    | Tick
)
