"""What servers of tools say in a transcript."""

from collections.abc import Mapping, Sequence

import msgspec

from vivavoce.core.tool_reports import ToolFailed, ToolListingFailed, ToolReturned, ToolsListed
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import ListedTool, ToolServerAddress

KNOWN_LABELS = ("files", "code", "home")
"""Of servers that need no address."""
ANY_ARGUMENTS: Mapping[str, object] = {"type": "object", "properties": {}}


def check_server(address: ToolServerAddress) -> None:
    """Accept every server with an address over TLS, and those of `KNOWN_LABELS`.

    Raises:
        ProtocolError: any other.
    """
    if address.url is None and address.label not in KNOWN_LABELS:
        raise ProtocolError(f"There is no tool server '{address.label}'.", param="server_url")
    if address.url is not None and not address.url.startswith("https://"):
        raise ProtocolError("A server of tools is reached by https only.", param="server_url")


def tool_report(
    item_id: str, verb: str, said: Sequence[object], fields: Mapping[str, object]
) -> ToolsListed | ToolListingFailed | ToolReturned | ToolFailed:
    """Return the input that a line stands for.

    Args:
        item_id: of the list or the call.
        verb: `listed`, `unlisted`, `returned` or `broke`.
        said: the values behind the verb.
        fields: of `ToolFailed`.

    Raises:
        ValueError: it says too little, or too much.
    """
    match verb, list(said):
        case "listed", [list() as tools]:
            return ToolsListed(item_id, tuple(map(_listed, tools)))
        case "unlisted", []:
            return ToolListingFailed(item_id, "The server is not there.")
        case "returned", [str() as output]:
            return ToolReturned(item_id, output)
        case "broke", []:
            return msgspec.convert(
                {"type": "ToolFailed", "item_id": item_id, "message": "boom", **fields}, ToolFailed
            )
        case _:
            raise ValueError(f"not a report of a server of tools: {verb} {said}")


def _listed(tool: object) -> ListedTool:
    assert isinstance(tool, dict)
    return msgspec.convert({"input_schema": ANY_ARGUMENTS, **tool}, ListedTool)
