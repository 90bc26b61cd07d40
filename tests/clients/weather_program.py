"""An MCP server over standard input and output, with one tool: it is sunny everywhere."""

import json
import sys
from typing import Any

TOOL = {
    "name": "weather",
    "description": "The weather in a city.",
    "inputSchema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


def result_of(message: dict[str, Any]) -> dict[str, Any] | None:
    """Return the result of a request; None: it asks for something else."""
    match message["method"]:
        case "initialize":
            return {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "weather", "version": "1"},
            }
        case "tools/list":
            return {"tools": [TOOL]}
        case "tools/call":
            city = message["params"]["arguments"]["city"]
            return {"content": [{"type": "text", "text": f"It is sunny in {city}."}]}
        case _:
            return None


def main() -> None:
    """Answer, a line a message, until the input ends."""
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message:
            continue
        answer = {"jsonrpc": "2.0", "id": message["id"]}
        if (result := result_of(message)) is None:
            answer["error"] = {"code": -32601, "message": "no"}
        else:
            answer["result"] = result
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
