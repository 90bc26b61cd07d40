"""Everything a session can ask for: orders, carried out by the runtime in this sequence."""

from msgspec import Struct

from vivavoce.core.turn_ends import TurnEndReason
from vivavoce.interfaces import (
    Prompt,
    ResponseRequest,
    TranscriptionHints,
    TranslationRequest,
)
from vivavoce.protocol.server_events import ServerEvent
from vivavoce.protocol.session import AudioFormat


class Send(Struct, frozen=True, tag=True, omit_defaults=True):
    """A server event for the client."""

    event: ServerEvent
    to: int | None = None
    """The connection that asked, as in `ClientSent`; None: all of them."""


class StartTranscription(Struct, frozen=True, tag=True):
    """Begin to recognise the audio of an item; it is fed with the outputs below."""

    item_id: str
    hints: TranscriptionHints


class FeedTranscription(Struct, frozen=True, tag=True):
    """More audio of the item, 24 kHz 16-bit mono."""

    item_id: str
    data: bytes


class PauseTranscription(Struct, frozen=True, tag=True):
    """The speaker fell silent; a transcript that covers the pause is wanted."""

    item_id: str


class ResumeTranscription(Struct, frozen=True, tag=True):
    """The speaker went on after the pause."""

    item_id: str


class EndTranscription(Struct, frozen=True, tag=True):
    """No more audio comes for the item; the final transcript is wanted."""

    item_id: str


class CancelTranscription(Struct, frozen=True, tag=True):
    """The transcript is not wanted any more."""

    item_id: str


class JudgeTurn(Struct, frozen=True, tag=True):
    """Ask the end-of-turn model about a pause; answered by `TurnJudged`."""

    item_id: str
    pause_ms: int
    data: bytes
    """The last seconds up to now, at most 8, 24 kHz 16-bit mono."""


class TurnEnded(Struct, frozen=True, tag=True):
    """The user's turn is over: for the log and the numbers; nothing is to be done."""

    item_id: str
    reason: TurnEndReason
    silence_ms: int = 0
    """How long the speaker had been silent."""
    probability: float | None = None
    """The end-of-turn model's verdict on the last pause, if it was asked."""


class StartResponse(Struct, frozen=True, tag=True):
    """Make an answer."""

    request: ResponseRequest
    format: AudioFormat
    """What `AudioDelta.data` is to be turned into before it is reported."""
    prepared: bool = False
    """Nobody has asked yet: yields to other work, and runs at most `max_lead_s` ahead."""
    is_for_client: bool = True
    """False: the server's own work, which counts against no limit."""


class ReleaseResponse(Struct, frozen=True, tag=True):
    """A prepared answer became a real one: lift its limits."""

    response_id: str


class CancelResponse(Struct, frozen=True, tag=True):
    """The answer is not wanted any more; what is still reported of it is dropped."""

    response_id: str


class StartTranslation(Struct, frozen=True, tag=True):
    """Say an utterance in another language; answered by `TranslationProgress`."""

    utterance_id: str
    request: TranslationRequest


class ClearPlayback(Struct, frozen=True, tag=True):
    """Stop what is being played, and drop what waits for it.

    Answered by `PlaybackCleared`, one for each response, before anything else is told.
    """


class PrefillPrompt(Struct, frozen=True, tag=True):
    """Let the language model read this ahead of time; a later one replaces it."""

    prompt: Prompt


class CountTokens(Struct, frozen=True, tag=True):
    """Answered by `TokensCounted`."""

    subject_id: str
    text: str


class LeaveOut(Struct, frozen=True, tag=True):
    """The log is to say that these fields, asked for by the client, are not enacted."""

    paths: tuple[str, ...]
    """Below `session` or `response`."""


class Close(Struct, frozen=True, tag=True):
    """End the connection once all before it is sent (RFC 6455 close code)."""

    code: int
    reason: str


Output = (
    Send
    | StartTranscription
    | FeedTranscription
    | PauseTranscription
    | ResumeTranscription
    | EndTranscription
    | CancelTranscription
    | JudgeTurn
    | TurnEnded
    | StartResponse
    | ReleaseResponse
    | CancelResponse
    | StartTranslation
    | ClearPlayback
    | PrefillPrompt
    | CountTokens
    | LeaveOut
    | Close
)
