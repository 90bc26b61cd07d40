"""The items and events of a response's calls: of the client's functions, and of servers' tools.

Source: protocol reference, "Flows" (50, sections 9, 11).
"""

from typing import TypedDict

from vivavoce.core.server_tool import ServerTool
from vivavoce.ids import NewId
from vivavoce.protocol.items import FunctionCall, McpCall
from vivavoce.protocol.response_events import (
    ResponseFunctionCallArgumentsDelta,
    ResponseFunctionCallArgumentsDone,
    ResponseMcpCallArgumentsDelta,
    ResponseMcpCallArgumentsDone,
)
from vivavoce.protocol.server_events import ServerEvent


class ItemIds(TypedDict):
    """Where an output item stands."""

    response_id: str
    item_id: str
    output_index: int


def new_call(name: str, tool: ServerTool | None, new_id: NewId) -> FunctionCall | McpCall:
    """Return the item of a call that begins.

    Args:
        name: as the language model says it.
        tool: the server's tool of that name; None: it is a function of the client.
        new_id: makes its ids.
    """
    if tool is not None:
        return McpCall(id=new_id("item"), server_label=tool.label, name=tool.name, arguments="")
    return FunctionCall(
        id=new_id("item"),
        object="realtime.item",
        status="in_progress",
        name=name,
        call_id=new_id("call"),
        arguments="",
    )


def arguments_delta(
    call: FunctionCall | McpCall, delta: str, ids: ItemIds, event_id: str
) -> ServerEvent:
    """Return the event for more arguments."""
    if isinstance(call, McpCall):
        return ResponseMcpCallArgumentsDelta(event_id=event_id, delta=delta, **ids)
    return ResponseFunctionCallArgumentsDelta(
        event_id=event_id, delta=delta, call_id=_call_id(call), **ids
    )


def arguments_done(
    call: FunctionCall | McpCall, arguments: str, ids: ItemIds, event_id: str
) -> ServerEvent:
    """Return the event for the end of the arguments."""
    if isinstance(call, McpCall):
        return ResponseMcpCallArgumentsDone(event_id=event_id, arguments=arguments, **ids)
    return ResponseFunctionCallArgumentsDone(
        event_id=event_id, arguments=arguments, name=call.name, call_id=_call_id(call), **ids
    )


def _call_id(call: FunctionCall) -> str:
    assert isinstance(call.call_id, str)
    return call.call_id
