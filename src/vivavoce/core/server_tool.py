"""A tool of a server, as a response may call it."""

from dataclasses import dataclass

from vivavoce.core.conversation import ItemRecord


@dataclass(frozen=True, slots=True)
class ServerTool:
    """Whose tool it is, and what it is called there."""

    label: str
    name: str
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call of a server's tool whose arguments have ended."""

    record: ItemRecord
    """Its item, an `mcp_call`."""
    tool: ServerTool
    response_id: str
    output_index: int
    is_whole: bool
    """False: it was cut off, and can't be made."""
