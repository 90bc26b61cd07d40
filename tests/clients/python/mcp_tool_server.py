"""An MCP server made with `chuk-mcp-server`, an implementation of its own.

Run as `python mcp_tool_server.py PORT` for HTTP, or without a port for standard streams.
"""
# The library is installed in an environment of its own, which mypy does not see.
# mypy: ignore-errors

import sys

from chuk_mcp_server import ChukMCPServer

server = ChukMCPServer(name="weather", version="1.0")


@server.tool
def weather(city: str) -> str:
    """The weather in a city."""
    return f"It is sunny in {city}."


@server.tool
def fail(reason: str) -> str:
    """Fail for a reason."""
    raise ValueError(reason)


@server.tool
def measure(unit: str = "celsius") -> dict[str, float]:
    """A measurement."""
    return {unit: 21.5}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="error")
    else:
        server.run(stdio=True, log_level="error")
