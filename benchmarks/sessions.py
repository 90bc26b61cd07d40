"""How many sessions until answers come later: 1, 10, 50, 200 at once, fixed-delay engines.

The server runs on one core, clients and engines on the other. Each session speaks a clip, is
answered, waits, and speaks again; sessions start spread over one turn, as callers do.
"""

import asyncio
import statistics
from pathlib import Path

from benchmarks import report
from benchmarks.clips import load
from benchmarks.server import fixed_delay_engines, server
from benchmarks.speaker import server_vad, speaker

FIRST_AUDIO = "response.output_audio.delta"
COUNTS = (1, 10, 50, 200)
SILENCE_MS = 500
TURNS = 3
SPREAD_S = 6.0
CHUNK_MS = 100  # what most clients send; adds up to as much to every figure, also of one session


async def run() -> None:
    """Measure every count in one run of the server, and the memory of idle sessions."""
    figures: dict[str, object] = {}
    async with (
        fixed_delay_engines(core=0) as config,
        server(config=config + SESSIONS, core=1) as (url, pid),
    ):
        figures["gateway_rss_mb"] = rss_mb(pid)
        figures["idle_session_kb"] = await idle_cost(url, pid)
        for count in COUNTS:
            cpu_before, loop = cpu_s(pid), asyncio.get_running_loop()
            started = loop.time()
            people = (talk(url, number * SPREAD_S / count) for number in range(count))
            waits = [wait for person in await asyncio.gather(*people) for wait in person]
            busy = (cpu_s(pid) - cpu_before) / (loop.time() - started)
            figures[f"sessions_{count}"] = {
                **report.spread(waits),
                "cpu_percent_of_core": round(busy * 100, 1),
                "rss_mb": rss_mb(pid),
            }
    report.write(
        "sessions", {"turns": TURNS, "silence_ms": SILENCE_MS, "chunk_ms": CHUNK_MS}, figures
    )


async def talk(url: str, delay_s: float) -> list[float]:
    """Hold one conversation; return ms to first audio of each turn but the first."""
    await asyncio.sleep(delay_s)
    clips = load(SILENCE_MS)
    session = server_vad(SILENCE_MS)
    async with speaker(url, session, extensions=False, chunk_ms=CHUNK_MS) as person:
        turns = []
        for number in range(TURNS + 1):
            turns.append(await person.say(clips[number % len(clips)].audio()))
            await asyncio.sleep(0.5)
    return [turn.ms_to(FIRST_AUDIO) for turn in turns[1:] if FIRST_AUDIO in turn.events]


async def idle_cost(url: str, pid: int, count: int = 50) -> float:
    """Return KB of memory per session that is open and hears silence."""
    before = rss_mb(pid)
    stop = asyncio.Event()

    async def idle() -> None:
        async with speaker(url, extensions=False, chunk_ms=CHUNK_MS):
            await stop.wait()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(count):
            tasks.create_task(idle())
        await asyncio.sleep(8)
        after = rss_mb(pid)
        stop.set()
    return round((after - before) * 1024 / count, 1)


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


def cpu_s(pid: int) -> float:
    """Return the seconds of CPU a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return statistics.fsum(int(ticks) for ticks in fields[11:13]) / 100


SESSIONS = "\n[server]\nmax_sessions = 400\n"
