"""Question: what does the server itself add to a turn with a function call?

Scripted engines that take no time: all that passes is the server's, the loopback socket included.
From `response.create` to the end of the arguments at the client, and from the output of the
function, with the `response.create` behind it, to the first word of the answer.
"""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from benchmarks.report import spread, write
from benchmarks.server import server

TURNS = 100
SCRIPT = """
[[turns]]
when = "weather"
calls = [{ name = "get_weather", arguments = { city = "Oslo", unit = "celsius" } }]

[[turns]]
when = "sunny"
answer = "It is sunny in Oslo."
"""
TOOL = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
SESSION = {"type": "realtime", "output_modalities": ["text"], "tools": [TOOL]}
ARGUMENTS_DONE = "response.function_call_arguments.done"


async def run() -> None:
    """Measure, and store the figures."""
    with TemporaryDirectory() as folder:
        script = Path(folder) / "script.toml"
        script.write_text(SCRIPT)
        async with server("--scripted", str(script)) as (url, _), aiohttp.ClientSession() as http:
            address = f"{url.replace('http', 'ws', 1)}/realtime?model=gpt-realtime"
            async with http.ws_connect(address) as socket:
                await socket.send_json({"type": "session.update", "session": SESSION})
                turns = [await _turn(socket) for _ in range(TURNS + 1)][1:]  # the first warms up
    figures: dict[str, object] = {
        "arguments_seen_ms": spread([before for before, _ in turns]),
        "first_token_ms": spread([after for _, after in turns]),
    }
    write("tool-turns", {"turns": TURNS}, figures)


async def _turn(socket: aiohttp.ClientWebSocketResponse) -> tuple[float, float]:
    """Ask, call, answer; return milliseconds to the arguments and to the first word."""
    asked = {"type": "input_text", "text": "What is the weather in Oslo?"}
    await _create(socket, {"type": "message", "role": "user", "content": [asked]})
    started = time.perf_counter()
    await socket.send_json({"type": "response.create"})
    done = await _until(socket, lambda event: event["type"] == ARGUMENTS_DONE)
    arguments_ms = (time.perf_counter() - started) * 1000
    await _until(socket, lambda event: event["type"] == "response.done")
    started = time.perf_counter()
    output = {"type": "function_call_output", "call_id": done["call_id"], "output": "sunny"}
    await _create(socket, output)
    await socket.send_json({"type": "response.create"})
    await _until(socket, lambda event: event["type"] == "response.output_text.delta")
    answer_ms = (time.perf_counter() - started) * 1000
    await _until(socket, lambda event: event["type"] == "response.done")
    return arguments_ms, answer_ms


async def _create(socket: aiohttp.ClientWebSocketResponse, item: dict[str, Any]) -> None:
    await socket.send_json({"type": "conversation.item.create", "item": item})


async def _until(
    socket: aiohttp.ClientWebSocketResponse, is_it: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    while True:
        event: dict[str, Any] = await socket.receive_json(timeout=10)
        if event["type"] == "error":
            raise RuntimeError(event["error"]["message"])
        if is_it(event):
            return event
