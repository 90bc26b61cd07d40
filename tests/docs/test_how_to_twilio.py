"""The bridge of the page, between a server and a stand-in of Twilio's Media Streams."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pybase64
from aiohttp import ClientSession, ClientWebSocketResponse, web

from tests.recordings import recording
from tests.served import served
from vivavoce.media.formats import WireEncoder
from vivavoce.media.pcm import silence
from vivavoce.protocol.audio_settings import PcmuFormat

PAGE = (Path(__file__).parents[2] / "docs/how-to/telephone-twilio.md").read_text()
SCRIPT = Path(__file__).parents[1] / "clients/script.toml"
FRAME_BYTES = 160
STREAM = "MZ0001"


@asynccontextmanager
async def call(home: Path) -> AsyncIterator[ClientWebSocketResponse]:
    """Serve, run the page's bridge, and be Twilio."""
    async with served("--scripted", str(SCRIPT), VIVAVOCE_HOME=str(home)) as (url, _):
        names: dict[str, Any] = {"__name__": "bridge"}
        (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
        exec(compile(program, "bridge.py", "exec"), names)
        names["VIVAVOCE"] = f"{url}/realtime?model=gpt-realtime"
        runner = web.AppRunner(names["bridge"]())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        try:
            address = f"ws://{host}:{port}/stream"
            async with ClientSession() as http, http.ws_connect(address) as twilio:
                await twilio.send_json({"event": "connected", "protocol": "Call"})
                start = {"streamSid": STREAM, "callSid": "CA1", "tracks": ["inbound"]}
                await twilio.send_json({"event": "start", "start": start})
                yield twilio
                await twilio.send_json({"event": "stop", "streamSid": STREAM})
        finally:
            await runner.cleanup()


async def heard(twilio: ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(15):
        while True:
            event: dict[str, Any] = await twilio.receive_json()
            assert event["streamSid"] == STREAM
            if event["event"] == kind:
                return event


async def test_the_caller_is_greeted_and_interrupts(tmp_path: Path) -> None:
    encoder = WireEncoder(PcmuFormat())
    speech = encoder.push(recording("goforward").data + silence(1_000).data) + encoder.flush()
    async with call(tmp_path) as twilio:
        greeting = await heard(twilio, "media")
        assert len(pybase64.b64decode(greeting["media"]["payload"])) >= FRAME_BYTES

        for at in range(0, len(speech), FRAME_BYTES):
            payload = pybase64.b64encode(speech[at : at + FRAME_BYTES]).decode()
            media = {"track": "inbound", "timestamp": str(at // 8), "payload": payload}
            await twilio.send_json({"event": "media", "media": media})
        await heard(twilio, "clear")
        answer = await heard(twilio, "media")
        assert pybase64.b64decode(answer["media"]["payload"])
