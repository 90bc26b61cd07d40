"""What does a WebRTC call cost, and how soon is it there, heard, and silent when interrupted?

The server runs on one core, the callers on the other; all packets stay on the loopback interface.
Engines are scripted, without delays: what is measured is the way to and from them. Packets are
timed by the kernel, in a relay between some of the callers and the server.
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from benchmarks import report
from benchmarks.packets import Packet, Relay, relayed
from benchmarks.server import fixed_delay_engines, server
from benchmarks.sessions import cpu_s, rss_mb
from tests.recordings import WORDS, recording
from tests.rtc_client import RATE_HZ as RTC_HZ
from tests.rtc_client import Caller, accept, new_caller, offer_of, tone
from vivavoce.media.pcm import BYTES_PER_SAMPLE, Pcm
from vivavoce.media.resample import resample
from vivavoce.media.wav import wav_bytes

SERVER_CORE, CALLER_CORE = 1, 0
N_OPENED = 50
N_FIRST_SOUNDS = 20
N_INTERRUPTIONS = 20
N_CALLS = 60
N_RELAYED = 6
N_GROWTH, N_WARM = 300, 100
MEASURED_S = 20.0
SCRIPT = f"""
[[turns]]
when = "short"
answer = "Here I am."

[[turns]]
when = "."
answer = "{"la la la la la. " * 80}"
"""
"""Two minutes of tones, 300 ms each with 50 ms of silence behind it."""
QUIET = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
NO_ECHO = "\n[webrtc]\necho_cancellation = false\n[server]\nmax_sessions = 400\n"
SPEECH = "speech"
ECHO = "\n[server]\nmax_sessions = 400\n"


async def run() -> None:
    """Measure everything; takes about five minutes."""
    os.environ["WRTC_ALLOW_LOOPBACK"] = "1"
    with TemporaryDirectory() as folder, on_caller_core():
        script = Path(folder) / "script.toml"
        script.write_text(SCRIPT)
        write_speech(Path(folder))
        scripted = ("--scripted", str(script))
        figures: dict[str, object] = {}
        async with server(*scripted, config=NO_ECHO, core=SERVER_CORE) as (url, pid):
            figures["open_ms"] = report.spread(await opened(url, N_OPENED))
            figures["first_sound_ms"] = await first_sounds(url)
            figures["interruption_ms"] = report.spread(await interruptions(url))
            figures["transport_alone"] = await crowd(url, pid)
        config = f"{NO_ECHO}[playback]\nsounds_folder = '{folder}'\n"
        async with server(*scripted, config=config, core=SERVER_CORE) as (url, pid):
            figures["transport_alone_with_speech"] = await crowd(url, pid, talk=speech())
        async with server(*scripted, config=NO_ECHO, core=SERVER_CORE) as (url, pid):
            figures["growth_kb_per_call"] = await growth(url, pid)
        async with fixed_delay_engines(core=CALLER_CORE) as engines:
            for name, config in (("with_detection", NO_ECHO), ("with_echo_canceller", ECHO)):
                async with server(config=engines + config, core=SERVER_CORE) as (url, pid):
                    figures[name] = await crowd(url, pid, n_calls=30)
    report.write("calls", {"calls": N_CALLS, "measured_s": MEASURED_S, "frames_ms": 20}, figures)


async def opened(url: str, count: int) -> list[float]:
    """Return ms from the making of the offer to the open channel, one call after the other."""
    waits = []
    async with aiohttp.ClientSession() as http:
        for _ in range(count):
            started = time.perf_counter()
            async with a_call(http, url) as (caller, _):
                waits.append((time.perf_counter() - started) * 1000)
                await caller.received("session.created")
    return waits[1:]


async def first_sounds(url: str) -> dict[str, object]:
    """Return ms from `response.create` to the first sound: loud packet, and WebSocket's delta."""
    by_call, by_socket = [], []
    async with aiohttp.ClientSession() as http:
        for number in range(N_FIRST_SOUNDS):
            async with a_call(http, url, relays=True) as (caller, relay):
                assert relay is not None
                await caller.received("session.created")
                await asyncio.sleep(0.3 + number * 0.007)  # at any moment of the server's 20 ms
                started = time.time()
                ask(caller, "short")
                await caller.received("output_audio_buffer.stopped")
                first = next(packet for packet in relay.from_server if packet.is_loud)
                by_call.append((first.at_s - started) * 1000)
            by_socket.append(await first_delta_ms(http, url))
    return {"webrtc": report.spread(by_call), "websocket": report.spread(by_socket)}


async def first_delta_ms(http: aiohttp.ClientSession, url: str) -> float:
    """Ask over a WebSocket; return ms to the first audio delta."""
    async with http.ws_connect(f"{url}/realtime?model=gpt-realtime") as socket:
        await socket.receive()
        started = time.perf_counter()
        for event in asked("short"):
            await socket.send_str(json.dumps(event))
        while '"response.output_audio.delta"' not in (await socket.receive()).data:
            pass
        return (time.perf_counter() - started) * 1000


async def interruptions(url: str) -> list[float]:
    """Return ms from the first packet of the caller's speech in to the last loud one out."""
    waits = []
    async with aiohttp.ClientSession() as http:
        for number in range(N_INTERRUPTIONS):
            async with a_call(http, url, relays=True) as (caller, relay):
                assert relay is not None
                ask(caller, "long")
                await caller.received("output_audio_buffer.started")
                await asyncio.sleep(1.0 + number * 0.007)
                caller.say(tone(440, 1.0))
                await caller.received("conversation.item.truncated")
                await asyncio.sleep(0.5)
                spoken = next(packet.at_s for packet in relay.from_caller if packet.is_loud)
                last = [packet.at_s for packet in relay.from_server if packet.is_loud][-1]
                waits.append((last - spoken) * 1000)
    return waits


Talk = Callable[[Caller, int], Awaitable[None]]
"""Lets both sides of a call say something without a pause; told the call's number, from 0."""


async def tones(caller: Caller, number: int) -> None:
    """Let both say tones: an answer of the script, and one of 440 Hz."""
    ask(caller, "long")
    caller.say(tone(440, 0.3) * 400)
    await caller.received("output_audio_buffer.started")


def speech() -> Talk:
    """Return a talk of recorded speech, which costs a codec more than tones, on both sides."""
    said = resample(all_recordings(), RTC_HZ).data

    async def talk(caller: Caller, number: int) -> None:
        caller.send({"type": "vivavoce.playback.play", "sound": SPEECH, "loop": True})
        cut = number * RTC_HZ * BYTES_PER_SAMPLE  # so that not all say the same at once
        caller.say((said[cut:] + said[:cut]) * 2)
        await caller.received("vivavoce.playback.started")

    return talk


def write_speech(folder: Path) -> None:
    """Keep the speech as a sound that the server can play."""
    (folder / f"{SPEECH}.wav").write_bytes(wav_bytes(all_recordings()))


def all_recordings() -> Pcm:
    """Return recorded speech, about a minute."""
    return Pcm(b"".join(recording(name).data for name in WORDS))


async def crowd(
    url: str, pid: int, n_calls: int = N_CALLS, talk: Talk = tones
) -> dict[str, object]:
    """Return what many calls at once cost, each speaking and spoken to without a pause."""
    before_mb = rss_mb(pid)
    async with AsyncExitStack() as calls:
        http = await calls.enter_async_context(aiohttp.ClientSession())
        relays: list[Relay] = []
        callers: list[Caller] = []
        for number in range(n_calls):
            call = a_call(http, url, relays=number < N_RELAYED, listens=False)
            caller, relay = await calls.enter_async_context(call)
            await caller.received("session.created")
            callers.append(caller)
            if relay is not None:
                relays.append(relay)
        await asyncio.sleep(3)
        idle_mb = rss_mb(pid)
        for number, caller in enumerate(callers):
            caller.send({"type": "session.update", "session": QUIET})
            await talk(caller, number)
        await asyncio.sleep(3)
        for relay in relays:
            relay.from_server.clear()
        cpu_before, started = cpu_s(pid), time.perf_counter()
        await asyncio.sleep(MEASURED_S)
        busy = (cpu_s(pid) - cpu_before) / (time.perf_counter() - started)
        gaps = [gap for relay in relays for gap in gaps_ms(relay.from_server)]
        after_mb = rss_mb(pid)
    return {
        "calls": n_calls,
        "cpu_percent_per_call": round(busy * 100 / n_calls, 2),
        "cpu_percent_of_core": round(busy * 100, 1),
        "gap_ms": {
            "p1": round(report.percentile(gaps, 0.01), 1),
            "p99": round(report.percentile(gaps, 0.99), 1),
            "worst": round(max(gaps), 1),
            "above_40": sum(gap > 40 for gap in gaps),
            "n": len(gaps),
        },
        "mb_per_call": round((idle_mb - before_mb) / n_calls, 2),
        "mb_per_call_with_its_talk": round((after_mb - before_mb) / n_calls, 2),
    }


async def growth(url: str, pid: int) -> float:
    """Return by how many KB the server grows with each finished call, after the first hundred."""
    sizes = []
    async with aiohttp.ClientSession() as http:
        for _ in range(N_GROWTH):
            async with a_call(http, url) as (caller, _):
                await caller.received("session.created")
                ask(caller, "short")
                await caller.received("output_audio_buffer.started")
            await asyncio.sleep(0.02)
            sizes.append(rss_mb(pid) * 1024)
    slope, _ = statistics.linear_regression(range(N_GROWTH - N_WARM), sizes[N_WARM:])
    return round(slope, 1)


def gaps_ms(packets: list[Packet]) -> list[float]:
    """Return the times between one packet and the next."""
    return [(later.at_s - earlier.at_s) * 1000 for earlier, later in pairwise(packets)]


def asked(words: str) -> list[dict[str, object]]:
    """Return the events that ask the script something."""
    content = [{"type": "input_text", "text": words}]
    item = {"type": "message", "role": "user", "content": content}
    return [{"type": "conversation.item.create", "item": item}, {"type": "response.create"}]


def ask(caller: Caller, words: str) -> None:
    """Ask the script something."""
    for event in asked(words):
        caller.send(event)


@asynccontextmanager
async def a_call(
    http: aiohttp.ClientSession, url: str, *, relays: bool = False, listens: bool = True
) -> AsyncIterator[tuple[Caller, Relay | None]]:
    """Hold a call whose channel is open."""
    caller, relay = new_caller(), None
    caller.listens = listens
    offer = await offer_of(caller)
    if relays:  # without its own addresses, the caller is known by the relay's
        lines = [line for line in offer.splitlines() if not line.startswith("a=candidate")]
        offer = "\r\n".join(lines) + "\r\n"
    headers = {"Content-Type": "application/sdp"}
    path = f"{url}/realtime/calls?extensions=1"
    async with http.post(path, data=offer, headers=headers) as response:
        answer = await response.text()
        assert response.status == 201, answer
    async with AsyncExitStack() as stack:
        if relays:
            relay, answer = stack.enter_context(relayed(answer))
        stack.callback(caller.connection.close)
        await accept(caller, answer)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(caller.run())
            async with asyncio.timeout(20):
                await caller.is_open.wait()
            yield caller, relay
            running.cancel()


@contextmanager
def on_caller_core() -> Iterator[None]:
    """Keep this process, and what it starts, off the server's core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {CALLER_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
