"""Events of our own. They go only to connections that asked for them (`?extensions=1`)."""

from functools import cache
from typing import Literal

from msgspec import UNSET, UnsetType

from vivavoce.protocol.server_event_base import ServerEventBase

PREFIX = "vivavoce."


@cache
def is_extension(kind: type[ServerEventBase]) -> bool:
    """Say whether events of this kind are our own."""
    return str(kind.__struct_config__.tag).startswith(PREFIX)


class VivavoceTranscriptPartial(
    ServerEventBase, frozen=True, kw_only=True, tag="vivavoce.transcript.partial"
):
    """All the user has said in this turn so far, as it looks now; a later one replaces it."""

    item_id: str
    transcript: str


class VivavoceItemHeard(ServerEventBase, frozen=True, kw_only=True, tag="vivavoce.item.heard"):
    """What is left of an answer that was cut; follows `conversation.item.truncated`."""

    item_id: str
    transcript: str
    """The clauses that were heard to their end: all that the model still knows of it."""


class VivavoceTurnTiming(ServerEventBase, frozen=True, kw_only=True, tag="vivavoce.turn.timing"):
    """Where the time of one answer went."""

    response_id: str
    item_id: str | None
    """The user's message that was answered; null when nobody spoke."""
    marks: dict[str, float]
    """Milliseconds from the end of the user's speech to each step, by the step's name."""


class VivavoceGuardrailTripped(
    ServerEventBase, frozen=True, kw_only=True, tag="vivavoce.guardrail.tripped"
):
    """A check of the operator stopped an answer; what follows in its item was said instead."""

    response_id: str
    item_id: str
    guardrail: str
    """Its name."""
    text: str | None = None
    """What was held back; null unless the operator wants control connections to be told."""


class VivavoceCallProgress(
    ServerEventBase, frozen=True, kw_only=True, tag="vivavoce.call.progress"
):
    """How a telephone call goes that the server makes."""

    call_id: str
    state: Literal["ringing", "answered", "refused", "unanswered"]
    """After `refused` and `unanswered` the session is ended."""
    status: int
    """SIP status of the far side's answer."""


class VivavoceCallTransfer(
    ServerEventBase, frozen=True, kw_only=True, tag="vivavoce.call.transfer"
):
    """How the transfer of a telephone call goes; several may follow one `refer`."""

    call_id: str
    target_uri: str
    status: int
    """SIP status: of the far side's answer to the transfer, then of its call to the target."""
    outcome: Literal["trying", "succeeded", "failed"]
    """After `failed` the call goes on as before; after `succeeded` it is ended here."""


class VivavocePlaybackStarted(
    ServerEventBase, frozen=True, kw_only=True, tag="vivavoce.playback.started"
):
    """The listener begins to hear what `vivavoce.playback.play` asked for."""

    playback_id: str


PlaybackEnd = Literal["completed", "stopped", "replaced", "answered", "interrupted", "failed"]
"""Why a line or a sound is over: heard to its end; stopped by a client; another sound took its
place; an answer was there; the user spoke, or a client cleared all sound; it can't be had."""


class VivavocePlaybackEnded(
    ServerEventBase, frozen=True, kw_only=True, tag="vivavoce.playback.ended"
):
    """What `vivavoce.playback.play` asked for is over; always the last event about it."""

    playback_id: str
    reason: PlaybackEnd
    played_ms: int
    """How much of it was heard."""
    message: str | UnsetType = UNSET
    """What failed."""


class VivavoceSessionResumable(
    ServerEventBase, frozen=True, kw_only=True, tag="vivavoce.session.resumable"
):
    """How to come back after a lost connection; follows `session.created` if it was asked for."""

    resume_token: str
    """A secret: `?resume=TOKEN&after=EVENT_ID`."""
    resume_within_s: float
    """Seconds after the loss in which the session waits."""


class VivavoceSessionResumed(
    ServerEventBase, frozen=True, kw_only=True, tag="vivavoce.session.resumed"
):
    """The client is back; the events it missed follow. Never one of those itself."""

    session_id: str
    client_events_received: int
    """Of all the client sent in this session, malformed ones too; it sends the rest again."""
    events_missed: int
    """How many events follow that were made before it came back."""
