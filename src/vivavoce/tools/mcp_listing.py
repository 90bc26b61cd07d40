"""Asks an MCP server for all its tools, and leaves out those that nobody could call.

Imports the MCP library: itself to be imported when used.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from jsonschema.exceptions import SchemaError
from jsonschema.validators import (
    Draft202012Validator,
    validator_for,
)
from mcp import ClientSession
from mcp_types import PaginatedRequestParams, Tool

from vivavoce.errors import ToolError
from vivavoce.interfaces.tools import ListedTool

LOG = logging.getLogger(__name__)

MAX_TOOLS = 1000
MAX_PAGES = 100
MAX_NAME_CHARACTERS = 128


async def list_all(session: ClientSession) -> tuple[ListedTool, ...]:
    """Return every tool of a server, page by page, in its order.

    Raises:
        ToolError: the list does not end.
    """
    tools: list[Tool] = []
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        page = await session.list_tools(params=PaginatedRequestParams(cursor=cursor))
        tools += page.tools
        cursor = page.next_cursor
        if len(tools) > MAX_TOOLS:
            break
        if cursor is None:
            # Schemas come from strangers, and a hundred of them take a while.
            return await asyncio.to_thread(_listed, tools)
    raise ToolError(f"The MCP server lists more than {MAX_TOOLS} tools, or has no end of pages.")


def _listed(tools: Sequence[Tool]) -> tuple[ListedTool, ...]:
    kept: dict[str, ListedTool] = {}
    for tool in tools:
        reason = _why_unusable(tool, kept)
        if reason is not None:
            LOG.warning("a tool is left out of an MCP server's list, for %s", reason)
            continue
        kept[tool.name] = ListedTool(
            name=tool.name,
            description=tool.description or "",
            input_schema=tool.input_schema,
            annotations=tool.annotations.model_dump(by_alias=True, mode="json", exclude_none=True)
            if tool.annotations is not None
            else None,
        )
    return tuple(kept.values())


def _why_unusable(tool: Tool, others: Mapping[str, ListedTool]) -> str | None:
    if not 0 < len(tool.name) <= MAX_NAME_CHARACTERS:
        return "its name is empty or too long"
    if tool.name in others:
        return f"there are two of the name {tool.name!r}"
    if tool.input_schema.get("type") != "object":
        return f"the arguments of {tool.name!r} are no object"
    try:
        validator_for(tool.input_schema, default=Draft202012Validator).check_schema(
            tool.input_schema
        )
    except (SchemaError, RecursionError, TypeError, ValueError) as error:
        return f"the schema of {tool.name!r} is no JSON Schema: {str(error).splitlines()[0][:200]}"
    return None
