"""A guard rail on a running server, as its client and a control connection see it."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from tests.served import served

SCRIPT = """
[[turns]]
answer = "Welcome to our shop. The secret price is five dollars. Anything else?"
"""
CONFIG = """
[[guardrails]]
name = "no-prices"
kind = "words"
words = ["secret price"]
line = "Let us go on."
report_text = true
"""
ASK = {
    "type": "conversation.item.create",
    "item": {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "Hello."}],
    },
}
TRIPPED = "vivavoce.guardrail.tripped"
Event = dict[str, Any]


async def test_the_line_is_said_and_only_control_connections_learn_what_was_not(
    tmp_path: Path,
) -> None:
    (script := tmp_path / "script.toml").write_text(SCRIPT)
    (config := tmp_path / "config.toml").write_text(CONFIG)
    home = {"VIVAVOCE_HOME": str(tmp_path)}

    async with (
        asyncio.timeout(30),
        served("--scripted", str(script), "--config", str(config), **home) as (url, _),
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}/realtime?model=gpt-realtime&extensions=1") as client,
    ):
        created = await client.receive_json()
        sideband_url = f"{url}/realtime?call_id={created['session']['id']}&extensions=1"
        async with http.ws_connect(sideband_url) as sideband:
            await _until(sideband, "session.created")
            await client.send_json(ASK)
            await client.send_json({"type": "response.create"})
            seen, told = await _until_done(client), await _until_done(sideband)
        async with http.get(f"{url.removesuffix('/v1')}/metrics") as metrics:
            numbers = await metrics.text()

    response = seen[-1]["response"]
    assert response["status_details"] == {"type": "incomplete", "reason": "content_filter"}
    (part,) = response["output"][0]["content"]
    assert part["transcript"] == "Welcome to our shop. Let us go on."
    assert "five dollars" not in str(seen)
    assert [event["text"] for event in seen if event["type"] == TRIPPED] == [None]
    (news,) = [event for event in told if event["type"] == TRIPPED]
    assert news["guardrail"] == "no-prices"
    assert news["item_id"] == response["output"][0]["id"]
    assert news["text"] == "The secret price is five dollars. "
    assert 'vivavoce_guardrails_tripped_total{guardrail="no-prices"} 1.0' in numbers


async def _until_done(socket: aiohttp.ClientWebSocketResponse) -> list[Event]:
    return await _until(socket, "response.done")


async def _until(socket: aiohttp.ClientWebSocketResponse, kind: str) -> list[Event]:
    seen: list[Event] = []
    while not seen or seen[-1]["type"] != kind:
        seen.append(await socket.receive_json())
    return seen
