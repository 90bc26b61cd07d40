"""The exceptions that cross a boundary, one per party that can be wrong.

Everything else that is raised is a bug of ours.
"""

from typing import Literal

ToolErrorKind = Literal["protocol_error", "tool_execution_error", "http_error"]


class ProtocolError(Exception):
    """The client sent something it may not; becomes an `error` event or a REST error body.

    Source: protocol reference, "Errors" (60-errors-limits, section 2).
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = "invalid_value",
        param: str | None = None,
        kind: str = "invalid_request_error",
        event_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind
        """The wire's `error.type`."""
        self.event_id = event_id
        """The client's id of the event at fault, if it had one."""


class EngineError(Exception):
    """An engine could not do its work; costs one response or one transcription."""

    def __init__(self, message: str, *, code: str = "engine_error") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class ToolError(Exception):
    """A tool that the server runs failed; costs one call, or one list of tools.

    Source: protocol reference, the error of an `mcp_call` (40-server-events, section 2).
    """

    def __init__(
        self, message: str, *, kind: ToolErrorKind = "tool_execution_error", code: int = 0
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind: ToolErrorKind = kind
        self.code = code
        """HTTP status or JSON-RPC error code; none for `tool_execution_error`."""


class TransportClosed(Exception):  # noqa: N818 - an end, not an error
    """The peer is gone."""

    def __init__(self, message: str = "the connection is closed", *, code: int = 1006) -> None:
        super().__init__(message)
        self.code = code
        """WebSocket close code (RFC 6455, section 7.4) that ended the connection."""


class ConfigError(Exception):
    """The operator's configuration can't be used; ends the program with status 2."""

    def __init__(self, message: str, *, path: str | None = None) -> None:
        super().__init__(message if path is None else f"{path}: {message}")
        self.message = message
        self.path = path
        """Dotted path of the setting, such as `server.port`."""
