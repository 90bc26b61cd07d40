"""A served process speaks of what its tools brought, where no application asks for it."""

import asyncio
import json
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp

from tests.phone import calling
from tests.recordings import recording
from tests.served import served
from vivavoce.transports.sip.events import Answered, Ended

HERE = Path(__file__).parent
WEATHER = {"type": "mcp", "server_label": "weather", "require_approval": "never"}
TABLES = f"""
[tools]
continue_rounds = 2
[tools.servers.weather]
command = {json.dumps([sys.executable, str(HERE / "weather_program.py")])}
"""
SCRIPT = """
[[turns]]
hears = "What is the weather like?"
calls = [{ name = "weather", arguments = { city = "Oslo" } }]

[[turns]]
when = "sunny"
answer = "It is sunny there."
"""


async def test_a_caller_hears_what_a_tool_brought_with_no_application(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = tmp_path / "vivavoce.toml"
    config.write_text(
        f'[sip]\nudp_port = {port}\ntcp_port = "none"\n'
        "[rtp]\nfirst_port = 35400\nlast_port = 35800\n"
        '[telephone.answer]\ngreeting = ""\n'
        'tools = [{ type = "mcp", server_label = "weather", require_approval = "never" }]\n'
        f"{TABLES}"
    )
    script = tmp_path / "script.toml"
    script.write_text(SCRIPT)
    arguments = ("--config", str(config), "--scripted", str(script))
    kept = {"VIVAVOCE_HOME": str(tmp_path), "VIVAVOCE_SESSION__RECORD": "lengths"}
    async with (
        served(*arguments, **kept),
        calling(f"sip:shop@127.0.0.1:{port}") as phone,
    ):
        await phone.happened(Answered)
        phone.say(recording("goforward").data)
        await phone.heard_sound(0.5)  # the answer to the turn calls the tool and says nothing
        phone.leg.hangup()
        await phone.happened(Ended)

    (kept_session,) = (tmp_path / "recordings").iterdir()
    said = kept_session.read_text()
    assert said.index("It is sunny in Oslo.") < said.index("It is sunny there.")


async def test_a_session_goes_on_by_itself_where_the_operator_wants_it(tmp_path: Path) -> None:
    config = tmp_path / "vivavoce.toml"
    config.write_text(TABLES)
    arguments = ("--config", str(config), "--scripted", str(HERE / "mcp.toml"))
    wanted = {"VIVAVOCE_HOME": str(tmp_path), "VIVAVOCE_TOOLS__CONTINUE_AFTER_CALL": "true"}
    async with (
        served(*arguments, **wanted) as (url, _),
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}/realtime?model=gpt-realtime") as client,
        asyncio.timeout(20),
    ):
        session = {"type": "realtime", "output_modalities": ["text"], "tools": [WEATHER]}
        await client.send_json({"type": "session.update", "session": session})
        content = [{"type": "input_text", "text": "What is the weather like?"}]
        item = {"type": "message", "role": "user", "content": content}
        await client.send_json({"type": "conversation.item.create", "item": item})
        await client.send_json({"type": "response.create"})
        responses: list[Any] = []
        while len(responses) < 2:
            event = await client.receive_json()
            if event["type"] == "response.done":
                responses.append(event["response"])

    call, answer = (response["output"][0] for response in responses)
    assert call["output"] == "It is sunny in Oslo."
    assert "sunny" in answer["content"][0]["text"]
