"""What is the least that calls can cost, and how far above it is the server?

The server and the bare media engine run side by side on one core, with as many calls each, so that
whatever else the machine does falls on both: the ratio holds on any machine. The bare engine is
`python -m benchmarks.calls_floor PORT`: it answers offers as the server does, hands each call 20 ms
of a tone every 20 ms, and drops what it hears; one loop for all, and no session behind them.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import uvloop
from aiohttp import web

from benchmarks import report
from benchmarks.calls import NO_ECHO, QUIET, SCRIPT, SERVER_CORE, a_call, on_caller_core, tones
from benchmarks.server import free_port, process, server, until_ready
from benchmarks.sessions import cpu_s
from tests.rtc_client import tone
from vivavoce.media.pcm import Pcm
from vivavoce.media.resample import resample
from vivavoce.transports.webrtc.libwebrtc import LibwebrtcPeer, open_peer
from vivavoce.transports.webrtc.peer import FRAME_BYTES, PeerSettings

N_CALLS = 15
MEASURED_S = 20.0
ROUNDS = 3
FRAME_S = 0.020


async def run() -> None:
    """Measure, and store the figures."""
    os.environ["WRTC_ALLOW_LOOPBACK"] = "1"
    with TemporaryDirectory() as folder, on_caller_core():
        script = Path(folder) / "script.toml"
        script.write_text(SCRIPT)
        rounds = [await one_round(str(script)) for _ in range(ROUNDS)]
    figures: dict[str, object] = {
        "server_cpu_percent_per_call": [ours for ours, _ in rounds],
        "bare_cpu_percent_per_call": [bare for _, bare in rounds],
        "bare_share": [round(bare / ours, 2) for ours, bare in rounds],
    }
    report.write("calls-floor", {"calls_each": N_CALLS, "measured_s": MEASURED_S}, figures)


async def one_round(script: str) -> tuple[float, float]:
    """Return percent of a core a call: of the server, and of the bare engine beside it."""
    async with AsyncExitStack() as stack:
        ours = server("--scripted", script, config=NO_ECHO, core=SERVER_CORE)
        servers = [await stack.enter_async_context(one) for one in (ours, bare_engine())]
        http = await stack.enter_async_context(aiohttp.ClientSession())
        for number in range(N_CALLS):
            for url, _ in servers:
                call = a_call(http, url, listens=False)
                caller, _ = await stack.enter_async_context(call)
                await caller.received("session.created")
                caller.send({"type": "session.update", "session": QUIET})
                await tones(caller, number)
        await asyncio.sleep(5)
        before, started = [cpu_s(pid) for _, pid in servers], time.perf_counter()
        await asyncio.sleep(MEASURED_S)
        after, seconds = [cpu_s(pid) for _, pid in servers], time.perf_counter() - started
    used = [late - early for early, late in zip(before, after, strict=True)]
    ours_percent, bare_percent = (round(100 * one / seconds / N_CALLS, 2) for one in used)
    return ours_percent, bare_percent


@asynccontextmanager
async def bare_engine() -> AsyncIterator[tuple[str, int]]:
    """Serve the media engine alone; yield its base URL and its process id."""
    port = free_port()
    command = (sys.executable, "-m", "benchmarks.calls_floor", str(port))
    async with process(*command, core=SERVER_CORE) as running:
        await until_ready(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}/v1", running.pid


class Greeter:
    """A listener that says what a caller waits for, and nothing else."""

    peer: LibwebrtcPeer

    def on_open(self, max_message_bytes: int) -> None:
        """Say what callers wait for."""
        for kind in (b"session.created", b"output_audio_buffer.started"):
            self.peer.send(b'{"type": "%s"}' % kind)

    def on_text(self, text: bytes) -> None:
        """Drop it."""

    def on_binary(self) -> None:
        """Drop it."""

    def on_room(self) -> None:
        """Nothing waits."""

    def on_end(self) -> None:
        """It plays on: the process ends soon."""


async def serve(port: int) -> None:
    """Answer offers and keep all calls going, until killed."""
    peers: list[LibwebrtcPeer] = []

    async def answer(request: web.Request) -> web.Response:
        greeter = Greeter()
        greeter.peer, text = await open_peer(await request.text(), greeter, PeerSettings())
        peers.append(greeter.peer)
        return web.Response(status=201, text=text, content_type="application/sdp")

    app = web.Application()
    app.router.add_post("/v1/realtime/calls", answer)
    app.router.add_get("/readyz", lambda request: web.Response())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    sound = resample(Pcm(tone(440, 0.3), 48_000), 24_000).data
    frame = sound[:FRAME_BYTES]
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        for peer in peers:
            peer.play(frame)
            while peer._in is not None and peer._in.read() is not None:
                pass
        due += FRAME_S
        await asyncio.sleep(max(0.0, due - loop.time()))


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
