"""Runs the program of a client against a server whose sessions may have the tools of an MCP server.

The program is given, besides what `playing` gives, the URL of an MCP server made by others.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.clients.mcp_server_of_others import served_by_others
from tests.clients.playing import NODE, TIMEOUT_S, Played, installed_node, printed_by
from tests.served import served

SCRIPTED = ("--scripted", str(Path(__file__).parent / "mcp.toml"))
PRIVATE_ALLOWED = {
    "VIVAVOCE_TOOLS__ALLOW_PRIVATE_ADDRESSES": '["127.0.0.1"]',
    "VIVAVOCE_TOOLS__ALLOW_HTTP": "true",
}


@asynccontextmanager
async def served_with_mcp(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """Serve both; yield the base URL of ours and the URL of the MCP server."""
    async with (
        served_by_others() as mcp_url,
        served(*SCRIPTED, **PRIVATE_ALLOWED, VIVAVOCE_HOME=str(folder)) as (url, _),
    ):
        yield url, mcp_url


def played_by_node_with_mcp(program: str, folder: Path) -> Played:
    """Run `node/PROGRAM.mjs` against `ws://`."""
    return asyncio.run(_played(folder, installed_node(), str(NODE / f"{program}.mjs")))


async def _played(folder: Path, *program: str) -> Played:
    nothing = folder / "nothing.pcm"
    nothing.write_bytes(b"")
    async with asyncio.timeout(TIMEOUT_S), served_with_mcp(folder) as (url, mcp_url):
        return await printed_by(*program, url, str(nothing), mcp_url)
