"""The MCP library is no part of the start, and loading it holds nobody up."""

import asyncio
import json
import subprocess
import sys

LONGEST_HOLD_MS = 50
"""Of the event loop; sessions are live while the first of them names an MCP server."""

LOADING = """
import asyncio, json, sys, time
from vivavoce.interfaces.tools import ToolServerAddress
from vivavoce.testing.loop_watch import LoopWatch
from vivavoce.tools.servers import open_tool_servers
from vivavoce.tools.settings import ToolsSettings

async def main():
    before = "mcp" in sys.modules
    async with open_tool_servers(ToolsSettings(), {}, {}) as servers, LoopWatch() as loop:
        servers.check(ToolServerAddress(label="a", url="https://mcp.example.com/"))
        await servers._library.loaded()
    print(json.dumps([before, "mcp" in sys.modules, loop.longest_ms]))

asyncio.run(main())
"""


async def test_it_is_loaded_when_a_session_first_names_a_server_and_off_the_loop() -> None:
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", LOADING], capture_output=True, text=True, check=True
    )

    before, after, longest_ms = json.loads(done.stdout)
    assert (before, after) == (False, True)
    assert longest_ms < LONGEST_HOLD_MS


LOADING_AHEAD = """
import asyncio, json, sys
from vivavoce.tools.servers import open_tool_servers
from vivavoce.tools.settings import NamedServerSettings, ToolsSettings

async def main():
    async with open_tool_servers(ToolsSettings(), {}, {}) as servers:
        servers.load_ahead()
        unnamed = servers._library._loading is not None
    named = ToolsSettings(servers={"notes": NamedServerSettings(command=("notes",))})
    async with open_tool_servers(named, {}, {}) as servers:
        servers.load_ahead()
        loading = servers._library._loading is not None
        await servers._library.loaded()
    print(json.dumps([unnamed, loading, "mcp" in sys.modules]))

asyncio.run(main())
"""


async def test_it_is_loaded_ahead_where_the_operator_named_servers() -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", LOADING_AHEAD],
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == [False, True, True]


async def test_the_server_starts_without_it() -> None:
    program = "import sys, vivavoce.app, vivavoce.tools.servers; print('mcp' in sys.modules)"
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "False"
