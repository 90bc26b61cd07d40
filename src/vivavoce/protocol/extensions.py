"""Events of our own. They go only to connections that asked for them (`?extensions=1`)."""

from vivavoce.protocol.server_event_base import ServerEventBase


class VivavoceTranscriptPartial(
    ServerEventBase, frozen=True, kw_only=True, tag="vivavoce.transcript.partial"
):
    """All the user has said in this turn so far, as it looks now; a later one replaces it."""

    item_id: str
    transcript: str


class VivavoceTurnTiming(ServerEventBase, frozen=True, kw_only=True, tag="vivavoce.turn.timing"):
    """Where the time of one answer went."""

    response_id: str
    item_id: str | None
    """The user's message that was answered; null when nobody spoke."""
    marks: dict[str, float]
    """Milliseconds from the end of the user's speech to each step, by the step's name."""
