"""The session's `tracing`: once it is on, it stays as it is.

Source: protocol reference, "Session configuration" (20, section 2).
"""

import msgspec
from msgspec import UnsetType

from vivavoce.errors import ProtocolError
from vivavoce.protocol.session import Tracing, TracingConfiguration

MAX_TRACING_BYTES = 16 * 1024
"""Of the whole setting as JSON: it is kept with every trace."""
PARAM = "session.tracing"


def merge_tracing(current: Tracing | None, update: Tracing | UnsetType | None) -> Tracing | None:
    """Return what holds after an update.

    Raises:
        ProtocolError: it would change what is on already, or is too large to be kept.
    """
    if isinstance(update, UnsetType) or update == current:
        return current
    if current is not None:
        raise ProtocolError(
            "Tracing cannot be changed once it is enabled for a session.", param=PARAM
        )
    if (
        isinstance(update, TracingConfiguration)
        and len(msgspec.json.encode(update)) > MAX_TRACING_BYTES
    ):
        raise ProtocolError(
            f"Invalid value for '{PARAM}': expected at most {MAX_TRACING_BYTES} bytes of JSON.",
            param=PARAM,
        )
    return update
