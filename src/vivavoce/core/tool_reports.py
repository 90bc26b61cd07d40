"""What a session is told of the servers of tools: inputs, as those in `inputs`."""

from msgspec import Struct

from vivavoce.errors import ToolErrorKind
from vivavoce.interfaces import ListedTool


class ToolsListed(Struct, frozen=True, tag=True):
    """A server has said what it offers."""

    item_id: str
    tools: tuple[ListedTool, ...]


class ToolListingFailed(Struct, frozen=True, tag=True):
    """A server could not be asked what it offers."""

    item_id: str
    message: str


class ToolReturned(Struct, frozen=True, tag=True):
    """A tool has run."""

    item_id: str
    output: str
    """What the model will read."""


class ToolFailed(Struct, frozen=True, tag=True):
    """A tool could not be run, or failed."""

    item_id: str
    message: str
    kind: ToolErrorKind = "tool_execution_error"
    code: int = 0
    """As in `errors.ToolError`."""
