"""Which tools of a server the model may see, and which it may call without being approved.

Source: protocol reference, "Session configuration" (20, section 5, MCP).
"""

from collections.abc import Mapping

from vivavoce.interfaces import ListedTool
from vivavoce.protocol.tools import McpApprovalFilter, McpTool, McpToolFilter


def is_allowed(tool: ListedTool, entry: McpTool) -> bool:
    """Whether `allowed_tools` lets the model see a tool. Nothing said allows all."""
    allowed = entry.allowed_tools
    match allowed:
        case tuple():
            return tool.name in allowed
        case McpToolFilter():
            return not _criteria(allowed) or _fits(tool, allowed)
        case _:
            return True


def needs_approval(tool: ListedTool, entry: McpTool) -> bool:
    """Whether `require_approval` makes each call wait for the client's word.

    What is named nowhere needs it, and so does what is named in both lists.
    """
    match entry.require_approval:
        case "never":
            return False
        case McpApprovalFilter(always=always, never=never):
            is_free = isinstance(never, McpToolFilter) and _fits(tool, never)
            return not is_free or (isinstance(always, McpToolFilter) and _fits(tool, always))
        case _:
            return True


def _criteria(wanted: McpToolFilter) -> bool:
    return isinstance(wanted.tool_names, tuple) or isinstance(wanted.read_only, bool)


def _fits(tool: ListedTool, wanted: McpToolFilter) -> bool:
    """Whether a tool agrees with all that a filter says; one that says nothing fits none."""
    if isinstance(wanted.tool_names, tuple) and tool.name not in wanted.tool_names:
        return False
    if isinstance(wanted.read_only, bool) and _only_reads(tool) != wanted.read_only:
        return False
    return _criteria(wanted)


def _only_reads(tool: ListedTool) -> bool:
    hints = tool.annotations
    return isinstance(hints, Mapping) and hints.get("readOnlyHint") is True
