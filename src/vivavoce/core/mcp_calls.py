"""The calls of servers' tools: approved, made, and brought to their one end each.

| When | and | then |
| --- | --- | --- |
| the arguments are whole | no approval is needed | `in_progress`, the tool is called |
| the arguments are whole | approval is needed | an `mcp_approval_request` item |
| the client approves | - | `in_progress`, the tool is called |
| the client does not approve | - | the call ends as failed |
| the tool returns, fails or takes too long | - | `completed` or `failed`, the item's two ends |
| the arguments were cut off | - | the call ends as failed |

A response that ends, or is cancelled, takes no call back: it may have done something already.
Source: protocol reference, "Flows" (50, sections 11 and 12) and 90-uncertain, rows 9 to 11.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import structs

from vivavoce.core.conversation import Conversation, ItemRecord
from vivavoce.core.deadlines import earliest
from vivavoce.core.outputs import Output
from vivavoce.core.server_tool import WrittenCall
from vivavoce.core.tool_orders import CallTool, CancelTool
from vivavoce.core.tool_reports import ToolFailed, ToolReturned
from vivavoce.errors import ProtocolError
from vivavoce.ids import NewId
from vivavoce.interfaces import ToolServerAddress
from vivavoce.protocol.items import (
    McpApprovalRequest,
    McpApprovalResponse,
    McpCall,
    McpError,
    McpHttpError,
    McpProtocolError,
    McpToolExecutionError,
)
from vivavoce.protocol.response_events import (
    ResponseMcpCallCompleted,
    ResponseMcpCallFailed,
    ResponseMcpCallInProgress,
    ResponseOutputItemDone,
)
from vivavoce.protocol.server_events import ConversationItemAdded, ConversationItemDone, ServerEvent

CUT_OFF = "The call was cut off before its arguments were whole, and was not made."


@dataclass(slots=True)
class _Call:
    """A call that has not ended."""

    written: WrittenCall
    approval_id: str | None = None
    deadline: float | None = None
    """Monotonic seconds at which the tool has to be done; None: it was not called yet."""

    @property
    def item_id(self) -> str:
        return self.written.record.item_id


@dataclass(slots=True)
class McpCalls:
    """All calls of one session that have not ended."""

    conversation: Conversation
    new_id: NewId
    emit: Callable[[Output], None]
    send: Callable[[ServerEvent], None]
    address_of: Callable[[str], ToolServerAddress]
    """How the server of a label is reached."""
    on_end: Callable[[WrittenCall], None]
    """Told of each end."""
    timeout_s: float
    """For one call, from the order to the end."""
    _calls: dict[str, _Call] = field(default_factory=dict)
    """By item id."""
    _answered: set[str] = field(default_factory=set)
    """Ids of approval requests that have an answer."""

    @property
    def next_deadline(self) -> float | None:
        """Monotonic seconds at which `on_time` has something to do; None: never."""
        return earliest([call.deadline for call in self._calls.values()])

    def is_under_way(self, response_id: str) -> bool:
        """Whether a tool is at work for a response; what waits for approval does not count."""
        return any(
            call.deadline is not None and call.written.response_id == response_id
            for call in self._calls.values()
        )

    def is_open(self, response_id: str) -> bool:
        """Whether a call of a response has not ended: at work, or waiting for approval."""
        return any(call.written.response_id == response_id for call in self._calls.values())

    def take(self, written: WrittenCall, now: float) -> None:
        """Go on with a call whose arguments have ended."""
        call = _Call(written)
        self._calls[call.item_id] = call
        if not written.is_whole:
            written.record.was_cut_off = True
            self._end(call, None, McpToolExecutionError(message=CUT_OFF))
        elif written.tool.needs_approval:
            self._ask(call)
        else:
            self._make(call, now)

    def check_approval(self, item: McpApprovalResponse) -> None:
        """Refuse an answer to what was not asked, or was answered before.

        Raises:
            ProtocolError: `param` names the id.
        """
        request_id = item.approval_request_id
        if request_id in self._answered:
            message = f"Approval request '{request_id}' has been answered already."
        elif self._asking(request_id) is None:
            message = f"Approval request with id '{request_id}' not found."
        else:
            return
        raise ProtocolError(message, param="item.approval_request_id")

    def answer(self, item: McpApprovalResponse, now: float) -> None:
        """Make a call that is approved, end one that is not; `check_approval` came before."""
        call = self._asking(item.approval_request_id)
        if call is None:
            return
        self._answered.add(item.approval_request_id)
        if item.approve:
            self._make(call, now)
            return
        reason = f": {item.reason}" if isinstance(item.reason, str) and item.reason else "."
        self._end(call, None, McpToolExecutionError(message=f"The call was not approved{reason}"))

    def returned(self, report: ToolReturned) -> None:
        """Take what a tool returned. Reports of calls that have ended are dropped."""
        call = self._calls.get(report.item_id)
        if call is not None:
            self._end(call, report.output, None)

    def failed(self, report: ToolFailed) -> None:
        """Take the news that a tool failed. Reports of calls that have ended are dropped."""
        call = self._calls.get(report.item_id)
        if call is not None:
            self._end(call, None, _error(report))

    def on_time(self, now: float) -> None:
        """End the calls whose tools take too long."""
        for call in list(self._calls.values()):
            if call.deadline is not None and now >= call.deadline:
                self.emit(CancelTool(call.item_id))
                message = f"The tool did not return within {self.timeout_s:g} seconds."
                self._end(call, None, McpToolExecutionError(message=message))

    # --- from one state to the next ---

    def _ask(self, call: _Call) -> None:
        asked = _call_of(call.written.record)
        request = McpApprovalRequest(
            id=self.new_id("item"),
            server_label=asked.server_label,
            name=asked.name,
            arguments=asked.arguments,
        )
        record = ItemRecord(request)
        call.approval_id = record.item_id
        previous = self.conversation.add(record)
        for event in (ConversationItemAdded, ConversationItemDone):
            self.send(event(event_id=self._event_id(), item=request, previous_item_id=previous))

    def _make(self, call: _Call, now: float) -> None:
        call.deadline = now + self.timeout_s
        asked = _call_of(call.written.record)
        index, event_id = call.written.output_index, self._event_id()
        self.send(
            ResponseMcpCallInProgress(event_id=event_id, item_id=call.item_id, output_index=index)
        )
        address = self.address_of(asked.server_label)
        self.emit(CallTool(call.item_id, address, asked.name, asked.arguments))

    def _end(self, call: _Call, output: str | None, error: McpError | None) -> None:
        del self._calls[call.item_id]
        record, index = call.written.record, call.written.output_index
        record.item = structs.replace(
            _call_of(record), output=output, error=error, approval_request_id=call.approval_id
        )
        record.text_tokens = None
        ending = ResponseMcpCallCompleted if error is None else ResponseMcpCallFailed
        event_id = self._event_id()
        self.send(ending(event_id=event_id, item_id=call.item_id, output_index=index))
        if call.item_id in self.conversation:
            previous = self.conversation.previous_of(call.item_id)
            event_id = self._event_id()
            self.send(
                ConversationItemDone(event_id=event_id, item=record.item, previous_item_id=previous)
            )
        self.send(
            ResponseOutputItemDone(
                event_id=self._event_id(),
                item=record.item,
                output_index=index,
                response_id=call.written.response_id,
            )
        )
        self.on_end(call.written)

    def _asking(self, request_id: str) -> _Call | None:
        """Return the call that waits for the answer to a request."""
        for call in self._calls.values():
            if call.approval_id == request_id and call.deadline is None:
                return call
        return None

    def _event_id(self) -> str:
        return self.new_id("event")


def _call_of(record: ItemRecord) -> McpCall:
    assert isinstance(record.item, McpCall)
    return record.item


def _error(report: ToolFailed) -> McpError:
    match report.kind:
        case "protocol_error":
            return McpProtocolError(code=report.code, message=report.message)
        case "http_error":
            return McpHttpError(code=report.code, message=report.message)
        case _:
            return McpToolExecutionError(message=report.message)
