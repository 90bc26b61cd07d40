"""Everything a session can ask for: orders, carried out by the runtime in this sequence."""

from msgspec import Struct

from vivavoce.core.tool_orders import CallTool, CancelTool, ListTools
from vivavoce.core.turn_ends import TurnEndReason
from vivavoce.interfaces import (
    Detail,
    Prompt,
    ResponseRequest,
    TranscriptionHints,
    TranslationRequest,
)
from vivavoce.protocol.audio_settings import AudioFormat
from vivavoce.protocol.server_events import ServerEvent


class Send(Struct, frozen=True, tag=True, omit_defaults=True):
    """A server event for the client."""

    event: ServerEvent
    to: int | None = None
    """The connection that asked, as in `ClientSent`, or `SIDEBANDS`; None: all of them."""


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

    Answered by `PlaybackCleared`, one for each response, and `InterludeEnded`, before anything
    else is told.
    """


class PlayLine(Struct, frozen=True, tag=True):
    """Speak a line to the listener after what was made before; answers wait for its end."""

    playback_id: str
    text: str
    voice: str
    speed: float


class PlaySound(Struct, frozen=True, tag=True):
    """Let the listener hear a sound while nothing is said, until an answer is there."""

    playback_id: str
    sound: str | None
    """Name of one of the operator's; None: it is `data`."""
    data: bytes
    """24 kHz 16-bit mono."""
    loops: bool


class StopInterlude(Struct, frozen=True, tag=True):
    """Stop a line or a sound, or don't begin it; answered at once by `InterludeEnded`."""

    playback_id: str


class PrefillPrompt(Struct, frozen=True, tag=True):
    """Let the language model read this ahead of time; a later one replaces it."""

    prompt: Prompt


class CountTokens(Struct, frozen=True, tag=True):
    """Answered by `TokensCounted`."""

    subject_id: str
    text: str


class ReadPicture(Struct, frozen=True, tag=True):
    """Put a picture into words; answered by `PictureRead`."""

    picture_id: str
    image_url: str
    """A data URL."""
    detail: Detail


class ForgetPictures(Struct, frozen=True, tag=True):
    """Pictures of an item are not kept any longer, nor read if they still wait for it."""

    item_id: str
    picture_ids: tuple[str, ...]


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
    | PlayLine
    | PlaySound
    | StopInterlude
    | PrefillPrompt
    | CountTokens
    | ReadPicture
    | ForgetPictures
    | LeaveOut
    | ListTools
    | CallTool
    | CancelTool
    | Close
)
