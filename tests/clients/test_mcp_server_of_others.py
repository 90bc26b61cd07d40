"""An MCP server made by others: not with the official SDK, but from the specification.

`chuk-mcp-server`, over HTTP and over standard streams.
"""

import json
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.clients.mcp_server_of_others import command, served_by_others
from tests.tools.raw_servers import PATIENT, connected
from vivavoce.errors import ToolError
from vivavoce.interfaces.tools import ToolServer, ToolServerAddress
from vivavoce.tools.servers import open_tool_servers
from vivavoce.tools.settings import NamedServerSettings

pytestmark = pytest.mark.slow


@pytest.fixture(params=["http", "stdio"])
async def mcp(request: pytest.FixtureRequest) -> AsyncIterator[ToolServer]:
    if request.param == "http":
        async with served_by_others() as url, connected(url) as opened:
            yield opened
        return
    one = NamedServerSettings(command=command())
    settings = msgspec.structs.replace(PATIENT, connect_timeout_s=15, servers={"here": one})
    async with open_tool_servers(settings, {}, {"PATH": "/usr/bin:/bin"}) as servers:
        yield await servers.open(ToolServerAddress(label="here"), "sess_1")


async def test_its_tools_are_listed(mcp: ToolServer) -> None:
    tools = {tool.name: tool for tool in await mcp.list_tools()}

    assert sorted(tools) == ["fail", "measure", "weather"]
    assert tools["weather"].input_schema["required"] == ["city"]


async def test_its_tools_are_called(mcp: ToolServer) -> None:
    assert await mcp.call_tool("weather", {"city": "Oslo"}) == "It is sunny in Oslo."
    assert json.loads(await mcp.call_tool("measure", {})) == {"celsius": 21.5}


async def test_its_failures_are_told_as_it_tells_them(mcp: ToolServer) -> None:
    with pytest.raises(ToolError, match="no luck") as failed:
        await mcp.call_tool("fail", {"reason": "no luck"})
    assert (failed.value.kind, failed.value.code) == ("protocol_error", -32603)

    with pytest.raises(ToolError, match="Unknown tool") as unknown:
        await mcp.call_tool("nothing", {})
    assert (unknown.value.kind, unknown.value.code) == ("protocol_error", -32602)
