"""What a response is offered of the tools of servers: each under a name of its own.

Two servers may have tools of the same name, and so may a server and the client. The language model
is given unique names: the client's functions keep theirs, a tool of a server keeps its own while it
is free, and becomes `label__name` when it is not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from vivavoce.core.mcp_filters import is_allowed, needs_approval
from vivavoce.core.mcp_servers import McpServers
from vivavoce.core.response_settings import ResponseSettings
from vivavoce.core.server_tool import ServerTool
from vivavoce.interfaces import ListedTool, Tool
from vivavoce.protocol.tools import McpTool, NamedMcp

MAX_NAME = 64
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")


@dataclass(frozen=True, slots=True)
class _Offer:
    """A tool of a server that a response may call."""

    entry: McpTool
    tool: ListedTool

    def is_chosen(self, choice: NamedMcp) -> bool:
        """Whether a `tool_choice` means it."""
        if choice.server_label != self.entry.server_label:
            return False
        return not isinstance(choice.name, str) or choice.name == self.tool.name


def with_server_tools(settings: ResponseSettings, servers: McpServers) -> ResponseSettings:
    """Return settings with the tools of their servers, as far as those are known by now.

    May be done again with what it returned.

    Args:
        settings: of a response; `servers` says whose tools are wanted.
        servers: of the session.
    """
    if not settings.servers:
        return settings
    functions = [tool for tool in settings.tools if tool.name not in settings.server_tools]
    names = {tool.name for tool in functions}
    offered: dict[str, ServerTool] = {}
    tools, chosen = list(functions), []
    for offer in _offers(settings, servers):
        name = _free_name(offer, names)
        names.add(name)
        offered[name] = ServerTool(
            label=offer.entry.server_label,
            name=offer.tool.name,
            needs_approval=needs_approval(offer.tool, offer.entry),
        )
        tool = usable_tool(offer.tool, name)
        tools.append(tool)
        if settings.server_choice is not None and offer.is_chosen(settings.server_choice):
            chosen.append(tool)
    made = replace(settings, tools=tuple(tools), server_tools=offered)
    return _chosen(made, chosen)


def usable_tool(tool: ListedTool, name: str | None = None) -> Tool:
    """Return a server's tool as the language model takes it.

    Args:
        tool: as listed.
        name: None: its own, with all signs that no name may hold replaced.
    """
    return Tool(name or model_name(tool.name), tool.description, tool.input_schema)


def model_name(text: str) -> str:
    """Return a text as a name of at most 64 letters, digits, underscores and hyphens."""
    return _NOT_IN_NAMES.sub("_", text)[:MAX_NAME]


def described(settings: ResponseSettings) -> str:
    """Return the instructions with what clients say of the servers whose tools are offered."""
    labels = {tool.label for tool in settings.server_tools.values()}
    told = [
        f"About the tools of {entry.server_label}: {entry.server_description}"
        for entry in settings.servers
        if isinstance(entry.server_description, str)
        and entry.server_description
        and entry.server_label in labels
    ]
    return "\n\n".join([settings.instructions, *told]) if told else settings.instructions


def _chosen(settings: ResponseSettings, chosen: list[Tool]) -> ResponseSettings:
    if settings.server_choice is not None:
        if not chosen:
            return replace(settings, tool_choice="none", lacks_choice=True)
        must = f"function:{chosen[0].name}" if len(chosen) == 1 else "required"
        kept = {tool.name: settings.server_tools[tool.name] for tool in chosen}
        return replace(
            settings,
            tools=tuple(chosen),
            server_tools=kept,
            tool_choice=must,
            lacks_choice=False,
        )
    if settings.tool_choice == "required" and not settings.tools:
        return replace(settings, tool_choice="auto")  # nothing came of the lists
    return settings


def _offers(settings: ResponseSettings, servers: McpServers) -> Iterator[_Offer]:
    for entry in settings.servers:
        for tool in servers.offered(entry.server_label):
            # Nobody can be asked for approval beside the conversation.
            may_ask = settings.in_conversation or not needs_approval(tool, entry)
            if is_allowed(tool, entry) and may_ask:
                yield _Offer(entry, tool)


def _free_name(offer: _Offer, taken: set[str]) -> str:
    name = model_name(offer.tool.name)
    if name and name not in taken:
        return name
    name = model_name(f"{offer.entry.server_label}__{offer.tool.name}")
    number = 1
    base = name
    while name in taken:
        number += 1
        name = f"{base[: MAX_NAME - 4]}_{number}"
    return name
