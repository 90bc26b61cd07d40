"""Which tools of a server are seen, and which wait for approval."""

from typing import Any

import msgspec
import pytest

from vivavoce.core.mcp_filters import is_allowed, needs_approval
from vivavoce.interfaces import ListedTool
from vivavoce.protocol.tools import McpTool

READS = ListedTool(name="look", input_schema={}, annotations={"readOnlyHint": True})
WRITES = ListedTool(name="erase", input_schema={}, annotations={"readOnlyHint": False})
SILENT = ListedTool(name="touch", input_schema={})
"""Says nothing of itself, and so may do anything."""
ALL = (READS, WRITES, SILENT)


def names(tools: Any) -> list[str]:
    return [tool.name for tool in tools]


def entry(**fields: Any) -> McpTool:
    return msgspec.convert({"type": "mcp", "server_label": "a", **fields}, McpTool)


@pytest.mark.parametrize(
    ("allowed", "seen"),
    [
        (None, ["look", "erase", "touch"]),
        ([], []),
        (["erase", "nothing"], ["erase"]),
        ({}, ["look", "erase", "touch"]),
        ({"read_only": True}, ["look"]),
        ({"read_only": False}, ["erase", "touch"]),
        ({"tool_names": ["look", "erase"]}, ["look", "erase"]),
        ({"tool_names": ["look", "erase"], "read_only": True}, ["look"]),
    ],
)
def test_the_model_sees_what_is_allowed(allowed: Any, seen: list[str]) -> None:
    tool = entry(allowed_tools=allowed)
    assert names(one for one in ALL if is_allowed(one, tool)) == seen


@pytest.mark.parametrize(
    ("required", "waiting"),
    [
        (None, ["look", "erase", "touch"]),
        ("always", ["look", "erase", "touch"]),
        ("never", []),
        ({"never": {"read_only": True}}, ["erase", "touch"]),
        ({"never": {"tool_names": ["erase"]}}, ["look", "touch"]),
        ({"never": {}}, ["look", "erase", "touch"]),
        ({"always": {"tool_names": ["erase"]}}, ["look", "erase", "touch"]),
        (
            {"never": {"tool_names": ["look", "erase"]}, "always": {"tool_names": ["erase"]}},
            ["erase", "touch"],
        ),
    ],
)
def test_what_is_not_freed_waits_for_approval(required: Any, waiting: list[str]) -> None:
    tool = entry(require_approval=required)
    assert names(one for one in ALL if needs_approval(one, tool)) == waiting
