"""The `mcp` tools of a client: checked, completed, and parted from their secrets.

What is shown again never holds `authorization` or `headers`: those go into the address alone.
Source: protocol reference, "Session configuration" (20, section 5, MCP).
"""

from collections.abc import Callable, Mapping

from msgspec import UNSET, Struct, structs

from vivavoce.errors import ProtocolError
from vivavoce.interfaces import ToolServerAddress
from vivavoce.protocol.tools import McpTool, Tool

MAX_SERVERS = 32
"""In one list of tools: each is a connection of its own."""
HOSTED_ONLY = {
    "connector_id": "connectors are run by the hosted service only",
    "tunnel_id": "tunnels are run by the hosted service only",
}
CheckServer = Callable[[ToolServerAddress], None]
"""Raises ProtocolError for a server that can't be reached from here, or may not."""


class McpDefinition(Struct, frozen=True, kw_only=True):
    """One server of tools, as a client has set it up."""

    tool: McpTool
    """Without secrets, as it is shown."""
    address: ToolServerAddress


def refuse_servers(address: ToolServerAddress) -> None:
    """Refuse every server: where none can be reached.

    Raises:
        ProtocolError: always.
    """
    raise ProtocolError("MCP tools are not available on this server.", param="type")


def read_servers(
    tools: object, where: str, known: Mapping[str, McpDefinition], check: CheckServer
) -> tuple[object, dict[str, McpDefinition]]:
    """Return a list of tools without secrets, and the servers that it defines, by label.

    Args:
        tools: as the client sent them; what is no list is given back as it is.
        where: the path of the object whose `tools` they are.
        known: the servers that were set up earlier in the session.
        check: the operator's say on each server.

    Raises:
        ProtocolError: a server is refused, or wrongly described.
    """
    if not isinstance(tools, (tuple, list)):
        return tools, {}
    shown: list[Tool] = []
    defined: dict[str, McpDefinition] = {}
    for index, tool in enumerate(tools):
        if not isinstance(tool, McpTool):
            shown.append(tool)
            continue
        path = f"{where}.tools[{index}]"
        if tool.server_label in defined:
            message = f"Duplicate server label: '{tool.server_label}'"
            raise ProtocolError(message, param=f"{path}.server_label")
        definition = _definition(tool, path, known.get(tool.server_label), check)
        defined[tool.server_label] = definition
        shown.append(definition.tool)
    if len(defined) > MAX_SERVERS:
        message = f"There may be {MAX_SERVERS} MCP servers at most."
        raise ProtocolError(message, param=f"{where}.tools")
    return tuple(shown), defined


def _definition(
    tool: McpTool, path: str, earlier: McpDefinition | None, check: CheckServer
) -> McpDefinition:
    _check_fields(tool, path)
    if earlier is not None and not isinstance(tool.server_url, str):
        tool = _completed(tool, earlier)
    address = ToolServerAddress(
        label=tool.server_label,
        url=tool.server_url if isinstance(tool.server_url, str) else None,
        authorization=tool.authorization if isinstance(tool.authorization, str) else None,
        headers=tool.headers if isinstance(tool.headers, Mapping) else {},
    )
    try:
        check(address)
    except ProtocolError as error:
        param = path if error.param is None else f"{path}.{error.param}"
        raise ProtocolError(error.message, code=error.code, param=param) from error
    return McpDefinition(
        tool=structs.replace(tool, authorization=UNSET, headers=UNSET), address=address
    )


def _completed(tool: McpTool, earlier: McpDefinition) -> McpTool:
    """Return a server named by its label alone, with what was said of it before."""
    base = structs.replace(
        earlier.tool,
        authorization=earlier.address.authorization or UNSET,
        headers=dict(earlier.address.headers) or UNSET,
    )
    said = {
        name: value
        for name in tool.__struct_fields__
        if (value := getattr(tool, name)) is not UNSET and name != "server_url"
    }
    return structs.replace(base, **said)


def _check_fields(tool: McpTool, path: str) -> None:
    if not tool.server_label:
        message = f"Invalid value for '{path}.server_label': expected a name."
        raise ProtocolError(message, param=f"{path}.server_label")
    _check_address(tool, path)
    headers = tool.headers if isinstance(tool.headers, Mapping) else {}
    if isinstance(tool.authorization, str) and "authorization" in map(str.lower, headers):
        message = "Give either 'authorization' or an Authorization header, not both."
        raise ProtocolError(message, param=f"{path}.authorization")
    if tool.defer_loading is True:
        raise _refused(f"{path}.defer_loading", "tools are always shown to the language model")
    if isinstance(tool.allowed_callers, tuple) and "programmatic" in tool.allowed_callers:
        raise _refused(f"{path}.allowed_callers", "tools are called by the language model only")


def _check_address(tool: McpTool, path: str) -> None:
    given = [
        name
        for name in ("server_url", "connector_id", "tunnel_id")
        if isinstance(getattr(tool, name), str)
    ]
    if len(given) > 1:
        message = f"Give either '{given[0]}' or '{given[1]}', not both."
        raise ProtocolError(message, param=f"{path}.{given[1]}")
    for name in given:
        if name in HOSTED_ONLY:
            raise _refused(f"{path}.{name}", HOSTED_ONLY[name])


def _refused(param: str, why: str) -> ProtocolError:
    return ProtocolError(f"'{param}' is not supported: {why}.", param=param)
