"""A tool whose schema the language model cannot honour is left out; the session goes on."""

import json

from vivavoce.core.inputs import ClientSent, SessionOpened
from vivavoce.core.options import SessionOptions
from vivavoce.core.outputs import LeaveOut, Send, StartResponse
from vivavoce.core.session import Session
from vivavoce.core.tool_orders import ListTools
from vivavoce.core.tool_reports import ToolsListed
from vivavoce.errors import ProtocolError
from vivavoce.ids import counting_ids
from vivavoce.interfaces import ListedTool, Tool
from vivavoce.protocol.client_events import ResponseCreate
from vivavoce.protocol.codec import decode_client_event
from vivavoce.protocol.items import McpListTools
from vivavoce.protocol.server_events import ConversationItemDone
from vivavoce.testing.tool_reports import check_server

HOME = {"type": "mcp", "server_label": "home", "require_approval": "never"}


def picky(tool: Tool) -> None:
    if "pattern" in (tool.parameters or {}):
        raise ProtocolError("'pattern' is not supported.", param="parameters.pattern")


def test_a_schema_that_cannot_be_honoured_costs_one_tool() -> None:
    session = Session(
        SessionOptions(), new_id=counting_ids(), check_tool=picky, check_server=check_server
    )
    session.handle(SessionOpened(0), 0.0)
    update = {"type": "session.update", "session": {"type": "realtime", "tools": [HOME]}}
    outputs = session.handle(ClientSent(decode_client_event(json.dumps(update))), 0.0)
    [asked] = [output for output in outputs if isinstance(output, ListTools)]
    tools = (
        ListedTool(name="good", input_schema={"type": "object"}),
        ListedTool(name="odd", input_schema={"type": "object", "pattern": "x"}),
    )

    outputs = session.handle(ToolsListed(asked.item_id, tools), 0.0)

    assert LeaveOut(("tools.odd",)) in outputs
    [done] = [
        output.event.item
        for output in outputs
        if isinstance(output, Send) and isinstance(output.event, ConversationItemDone)
    ]
    assert isinstance(done, McpListTools)
    assert [tool.name for tool in done.tools] == ["good"]
    [start] = [
        output
        for output in session.handle(ClientSent(ResponseCreate()), 0.0)
        if isinstance(output, StartResponse)
    ]
    assert [tool.name for tool in start.request.prompt.tools] == ["good"]
