"""How a session ends, and what is said of it."""

from dataclasses import dataclass

from vivavoce.core.outputs import Close
from vivavoce.protocol.server_events import ErrorDetail, ErrorEvent
from vivavoce.runtime.connection import NORMAL


@dataclass(slots=True)
class Ending:
    """How the session ends."""

    close: Close = NORMAL
    comes_after_answers: bool = False
    has_come: bool = False

    def come(self, close: Close) -> None:
        """End the session, with this to say to its client."""
        self.close = close
        self.has_come = True


def server_error(event_id: str) -> ErrorEvent:
    """Return what a client is told when a bug of ours ends its session."""
    message = "The server had an error while processing your request."
    return ErrorEvent(event_id=event_id, error=ErrorDetail(type="server_error", message=message))
