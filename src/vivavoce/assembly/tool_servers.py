"""The servers of tools that sessions may reach: ours, the operator's, and their clients' own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from msgspec import structs

from vivavoce.api.gateway import Gateway
from vivavoce.assembly.documents import DocumentsOfSessions
from vivavoce.config import Loaded
from vivavoce.core.options import SessionOptions
from vivavoce.tools.code.server import open_code
from vivavoce.tools.servers import OpenLocal, open_tool_servers
from vivavoce.tools.settings import ToolsSettings

SLACK_S = 1.0
"""What a session waits longer than a server's own limits, which say more of what went wrong."""


@asynccontextmanager
async def opened_tool_servers(
    loaded: Loaded, gateway: Gateway
) -> AsyncIterator[Callable[[], None]]:
    """Let the sessions of a server reach tools, until the block is left.

    Yields what loads ahead, in a thread, what sessions will surely need: to be called on the loop
    when the server is ready and nobody talks yet. Later it could hold sound up.

    Raises:
        ConfigError: a server of the operator is not described in full.
    """
    settings = loaded.config.tools
    limit = settings.max_output_characters
    gateway.settings = structs.replace(gateway.settings, tool_output_characters=limit)
    async with AsyncExitStack() as stack:
        local = await _local_servers(settings, gateway, stack, loaded.data_dir / "code")
        opening = open_tool_servers(settings, local, loaded.environment)
        servers = await stack.enter_async_context(opening)
        gateway.tool_servers = servers
        gateway.tool_labels = (*local, *settings.servers)
        yield servers.load_ahead


def with_tool_limits(options: SessionOptions, settings: ToolsSettings) -> SessionOptions:
    """Return the options of sessions with the operator's limits for tools."""
    connect_s = settings.connect_timeout_s + SLACK_S
    return structs.replace(
        options,
        tool_list_timeout_s=settings.list_timeout_s + connect_s,
        tool_call_timeout_s=settings.call_timeout_s + connect_s,
        continue_after_call=settings.continue_after_call,
        continue_rounds=settings.continue_rounds,
    )


async def _local_servers(
    settings: ToolsSettings, gateway: Gateway, stack: AsyncExitStack, code_folder: Path
) -> dict[str, OpenLocal]:
    """Open those that come with us and are switched on; by their reserved labels."""
    local: dict[str, OpenLocal] = {}
    if gateway.documents is not None:
        about = settings.files
        files = DocumentsOfSessions(
            gateway.documents, gateway.background, about.stores, about.answer_tokens
        )
        local["files"] = files.open
    opening = open_code(
        settings.code,
        code_folder,
        clock=gateway.clock,
        longest_output=settings.max_output_characters,
    )
    if (code := await stack.enter_async_context(opening)) is not None:
        local["code"] = code.open
    return local
