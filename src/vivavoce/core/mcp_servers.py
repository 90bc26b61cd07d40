"""The servers of tools of one session: what they offer, and the lists that are under way.

A list is an item of the conversation, made in the background; the session goes on meanwhile.
Source: protocol reference, "Flows" (50, section 10).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from vivavoce.core.conversation import Conversation, ItemRecord
from vivavoce.core.deadlines import earliest
from vivavoce.core.mcp_filters import is_allowed
from vivavoce.core.mcp_tools import McpDefinition
from vivavoce.core.outputs import Output
from vivavoce.core.tool_orders import CancelTool, ListTools
from vivavoce.ids import NewId
from vivavoce.interfaces import ListedTool, ToolServerAddress
from vivavoce.protocol.items import McpListTools, McpToolDefinition
from vivavoce.protocol.response_events import (
    McpListToolsCompleted,
    McpListToolsFailed,
    McpListToolsInProgress,
)
from vivavoce.protocol.server_events import ConversationItemAdded, ConversationItemDone, ServerEvent

PATIENCE_S = 5.0
"""How long a response waits for the tools of a server that is still being asked."""


@dataclass(slots=True)
class _Listing:
    """A list under way."""

    record: ItemRecord
    began: float
    is_awaited: bool = True
    """Whether responses wait for it."""


@dataclass(slots=True)
class _Server:
    """A server that a client has set up."""

    definition: McpDefinition
    tools: tuple[ListedTool, ...] = ()
    """All that it offers."""
    has_listed: bool = False
    listing: _Listing | None = None


@dataclass(slots=True)
class McpServers:
    """Has each server asked once for its tools, and again when it is set up anew."""

    conversation: Conversation
    new_id: NewId
    emit: Callable[[Output], None]
    send: Callable[[ServerEvent], None]
    timeout_s: float
    """For one list."""
    _servers: dict[str, _Server] = field(default_factory=dict)

    @property
    def definitions(self) -> Mapping[str, McpDefinition]:
        """All servers that were set up, by label."""
        return {label: server.definition for label, server in self._servers.items()}

    @property
    def next_deadline(self) -> float | None:
        """Monotonic seconds at which `on_time` has something to do; None: never."""
        patience_s = min(PATIENCE_S, self.timeout_s)
        return earliest(
            [
                one.began + (patience_s if one.is_awaited else self.timeout_s)
                for one in self._listings
            ]
        )

    @property
    def _listings(self) -> list[_Listing]:
        return [server.listing for server in self._servers.values() if server.listing is not None]

    def address(self, label: str) -> ToolServerAddress:
        """Return how a server is reached that was set up."""
        return self._servers[label].definition.address

    def offered(self, label: str) -> tuple[ListedTool, ...]:
        """Return all that a server offers, as far as it is known."""
        server = self._servers.get(label)
        return () if server is None else server.tools

    def is_awaited(self, labels: Iterable[str]) -> bool:
        """Whether one of these servers is being asked, and is waited for."""
        listings = (self._servers[label].listing for label in labels if label in self._servers)
        return any(listing is not None and listing.is_awaited for listing in listings)

    def set_up(self, defined: Mapping[str, McpDefinition], now: float, *, anew: bool) -> None:
        """Take servers as a client describes them, and ask those for tools that are new.

        Args:
            defined: by label.
            now: monotonic seconds.
            anew: whether another choice of `allowed_tools` is reason enough to ask again, as it
                is in a session's settings, and not in those of one response.
        """
        for label, definition in defined.items():
            server = self._servers.get(label)
            if server is None:
                server = self._servers[label] = _Server(definition)
                self._list(server, now)
                continue
            before, server.definition = server.definition, definition
            has_moved = definition.address.url != before.address.url
            is_other = anew and definition.tool.allowed_tools != before.tool.allowed_tools
            has_failed = not server.has_listed and server.listing is None
            if has_moved or is_other or has_failed:
                self._abandon(server)
                self._list(server, now)

    def listed(
        self, item_id: str, tools: Iterable[ListedTool], is_usable: Callable[[ListedTool], bool]
    ) -> tuple[str, ...] | None:
        """Take a list; return the tools that were left out of it, None if nobody waits for it.

        Args:
            item_id: of the list's item.
            tools: all that the server offers.
            is_usable: whether the language model can call a tool.
        """
        server = self._find(item_id)
        if server is None or server.listing is None:
            return None
        label, entry = server.definition.address.label, server.definition.tool
        given = tuple(tools)
        server.tools = tuple(tool for tool in given if is_usable(tool))
        server.has_listed = True
        record, server.listing = server.listing.record, None
        shown = tuple(_shown(tool) for tool in server.tools if is_allowed(tool, entry))
        record.item = McpListTools(id=item_id, server_label=label, tools=shown)
        self._send_done(record)
        self.send(McpListToolsCompleted(event_id=self._event_id(), item_id=item_id))
        return tuple(
            tool.name for tool in given if tool not in server.tools and is_allowed(tool, entry)
        )

    def failed(self, item_id: str) -> None:
        """Take the news that a server could not be asked."""
        server = self._find(item_id)
        if server is not None:
            self._give_up(server)

    def on_time(self, now: float) -> None:
        """Wait no longer for lists that are late, and give up those that are far too late."""
        for listing in self._listings:
            if now >= listing.began + PATIENCE_S:
                listing.is_awaited = False
        for server in self._servers.values():
            if server.listing is not None and now >= server.listing.began + self.timeout_s:
                self._abandon(server)

    # --- lists ---

    def _list(self, server: _Server, now: float) -> None:
        label, item_id = server.definition.address.label, self.new_id("item")
        item = McpListTools(id=item_id, server_label=label, tools=())
        record = ItemRecord(item)
        server.tools, server.has_listed = (), False
        server.listing = _Listing(record, now)
        previous = self.conversation.add(record)
        event_id = self._event_id()
        self.send(ConversationItemAdded(event_id=event_id, item=item, previous_item_id=previous))
        self.send(McpListToolsInProgress(event_id=self._event_id(), item_id=item_id))
        self.emit(ListTools(item_id, server.definition.address))

    def _abandon(self, server: _Server) -> None:
        if server.listing is not None:
            self.emit(CancelTool(server.listing.record.item_id))
            self._give_up(server)

    def _give_up(self, server: _Server) -> None:
        """End the list under way, if there is one, as failed."""
        if server.listing is None:
            return
        record, server.listing = server.listing.record, None
        self.send(McpListToolsFailed(event_id=self._event_id(), item_id=record.item_id))
        self._send_done(record)

    def _send_done(self, record: ItemRecord) -> None:
        if record.item_id in self.conversation:
            previous = self.conversation.previous_of(record.item_id)
            self.send(
                ConversationItemDone(
                    event_id=self._event_id(), item=record.item, previous_item_id=previous
                )
            )

    def _find(self, item_id: str) -> _Server | None:
        for server in self._servers.values():
            if server.listing is not None and server.listing.record.item_id == item_id:
                return server
        return None

    def _event_id(self) -> str:
        return self.new_id("event")


def _shown(tool: ListedTool) -> McpToolDefinition:
    return McpToolDefinition(
        name=tool.name,
        description=tool.description,
        input_schema=tool.input_schema,
        annotations=tool.annotations,
    )
