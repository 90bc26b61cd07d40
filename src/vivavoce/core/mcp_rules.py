"""What follows from servers of tools: their lists, the ends of their calls, and approvals.

Source: protocol reference, "Flows" (50, sections 10 to 12).
"""

from vivavoce.core.conversation import ItemRecord
from vivavoce.core.mcp_offer import usable_tool
from vivavoce.core.outputs import LeaveOut
from vivavoce.core.state import SessionState
from vivavoce.core.tool_reports import ToolFailed, ToolListingFailed, ToolReturned, ToolsListed
from vivavoce.errors import ProtocolError
from vivavoce.interfaces import ListedTool
from vivavoce.protocol.items import Item, McpApprovalResponse

ToolReport = ToolsListed | ToolListingFailed | ToolReturned | ToolFailed


def on_report(state: SessionState, report: ToolReport) -> None:
    """Take what a server of tools reports."""
    match report:
        case ToolsListed():
            _on_listed(state, report)
        case ToolListingFailed(item_id=item_id):
            state.mcp_servers.failed(item_id)
            state.start_ready()
        case ToolReturned():
            state.responses.discard_prepared()
            state.mcp_calls.returned(report)
        case ToolFailed():
            state.responses.discard_prepared()
            state.mcp_calls.failed(report)


def on_time(state: SessionState) -> None:
    """Wait no longer for servers that take too long."""
    state.mcp_servers.on_time(state.now)
    state.mcp_calls.on_time(state.now)
    state.responses.end_patience(state.now)
    state.start_ready()


def check_new_item(state: SessionState, item: Item) -> None:
    """Refuse an approval that fits no request.

    Raises:
        ProtocolError: it was not asked for, or was given before.
    """
    if isinstance(item, McpApprovalResponse):
        state.mcp_calls.check_approval(item)


def on_new_item(state: SessionState, record: ItemRecord) -> None:
    """Do what an approval asks for."""
    if isinstance(record.item, McpApprovalResponse):
        state.mcp_calls.answer(record.item, state.now)


def _on_listed(state: SessionState, report: ToolsListed) -> None:
    left_out = state.mcp_servers.listed(
        report.item_id, report.tools, lambda tool: _is_usable(state, tool)
    )
    if left_out is None:
        return
    if left_out:
        state.emit(LeaveOut(tuple(f"tools.{name}" for name in left_out)))
    state.responses.discard_prepared()  # it was made without them
    state.configure_window()
    state.start_ready()
    if state.responses.active is None:
        state.prefill()


def _is_usable(state: SessionState, tool: ListedTool) -> bool:
    """Whether the language model can honour a tool's schema; one tool more or less ends nothing."""
    try:
        state.check_tool(usable_tool(tool))
    except ProtocolError:
        return False
    return True
