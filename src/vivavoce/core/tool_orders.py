"""What a session asks of the servers of tools: outputs, as those in `outputs`."""

from msgspec import Struct

from vivavoce.interfaces import ToolServerAddress


class ListTools(Struct, frozen=True, tag=True):
    """Ask a server what it offers; answered by `ToolsListed` or `ToolListingFailed`."""

    item_id: str
    """Of the `mcp_list_tools` item."""
    address: ToolServerAddress


class CallTool(Struct, frozen=True, tag=True):
    """Run a tool; answered by `ToolReturned` or `ToolFailed`."""

    item_id: str
    """Of the `mcp_call` item."""
    address: ToolServerAddress
    name: str
    arguments: str
    """JSON text, as the model wrote it."""


class CancelTool(Struct, frozen=True, tag=True):
    """The list, or the call, is not waited for any more."""

    item_id: str
    """As in the order that is taken back."""
