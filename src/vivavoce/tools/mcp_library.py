"""Loads the MCP library off the event loop, when somebody first wants it.

It takes 1.7 s to import. In a thread that alone would hold the loop up for 70 ms, the time of a
collection of garbage that meets all its new objects; without collections it is 20 ms, and 0.7 s.
"""

import asyncio
import gc
import logging
import ssl

NOISY = ("mcp", "httpx2", "httpcore2")
"""Loggers that repeat what servers send, and addresses with secrets in them."""


class McpLibrary:
    """The library, loaded once for the whole server."""

    def __init__(self) -> None:
        self._loading: asyncio.Future[ssl.SSLContext] | None = None

    def warm(self) -> None:
        """Begin to load it, if nobody has yet. Must be called on the loop."""
        if self._loading is None:
            self._loading = asyncio.get_running_loop().run_in_executor(None, _load)

    async def loaded(self) -> ssl.SSLContext:
        """Wait until it is loaded; return the certificates that are trusted."""
        self.warm()
        assert self._loading is not None
        return await asyncio.shield(self._loading)


def _load() -> ssl.SSLContext:
    collects = gc.isenabled()
    gc.disable()
    try:
        import httpx2

        import vivavoce.tools.mcp_server  # noqa: F401 - it brings all the rest

        for name in NOISY:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        return httpx2.create_ssl_context()
    finally:
        # What was loaded stays for good: collections need not look at it.
        gc.freeze()
        if collects:
            gc.enable()
