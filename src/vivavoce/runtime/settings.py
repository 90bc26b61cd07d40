"""What an operator may set about the tasks of a session."""

from collections.abc import Mapping

from msgspec import Struct


class RunnerSettings(Struct, frozen=True, kw_only=True):
    """The same for all sessions of a server."""

    max_lead_s: float = 10.0
    """Sound that an answer prepared ahead of the turn's end may hold back."""
    engine_stall_s: float = 15.0
    """No progress of an engine for this long ends what it was doing as failed."""
    client_stall_s: float = 20.0
    """A client that takes nothing for this long is let go."""
    cancels_echo: bool = True
    """Takes the assistant's own voice out of the microphones of calls."""
    sounds: Mapping[str, bytes] = {}
    """The operator's, by the names that clients say; 24 kHz 16-bit mono."""
    tool_output_characters: int = 20_000
    """Of the output of a tool that the server runs; what is more is cut off, and said to be."""
    resume_s: float = 60.0
    """A client that asked for it may come back for this long after a loss; 0: never."""
