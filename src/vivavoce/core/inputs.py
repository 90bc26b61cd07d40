"""Everything a session can be told: what happened, in the past tense.

A list of `(now, input)` is a session: it can be recorded, stored and replayed.
"""

from msgspec import Struct

from vivavoce.interfaces import MalformedEvent, ResponseEvent, TranscriptionEvent
from vivavoce.protocol.client_events import ClientEvent


class SessionOpened(Struct, frozen=True, tag=True):
    """The connection stands: greet it. Always the first input."""

    wall_s: int
    """Unix time, for `expires_at`."""


class ClientSent(Struct, frozen=True, tag=True):
    """An event from the client; never `input_audio_buffer.append`, see `AudioHeard`."""

    event: ClientEvent


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
    """A responder gave up, or made no progress for too long."""

    response_id: str
    message: str
    code: str


class TokensCounted(Struct, frozen=True, tag=True):
    """The engine's count of the text of a conversation item, or of `instructions`."""

    subject_id: str
    n_tokens: int


class Tick(Struct, frozen=True, tag=True):
    """The deadline that the session asked for has come."""


Input = (
    SessionOpened
    | ClientSent
    | MalformedEvent
    | AudioHeard
    | TranscriptionProgress
    | TranscriptionFailed
    | TurnJudged
    | ResponseProgress
    | ResponseFailed
    | TokensCounted
    | Tick
)
