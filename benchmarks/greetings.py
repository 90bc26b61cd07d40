"""How soon does a caller hear the greeting, and how many calls a second are taken?

A greeting is timed from the 200 of the call to its first sample that is no silence, as a telephone
on the same machine plays it (with its jitter buffer). Calls a second are made by SIPp, which must
be installed (Debian: sip-tester): each is answered from the configuration, greeted by scripted
engines, and hung up half a second later.
"""

import asyncio
import csv
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import report
from benchmarks.server import fixed_delay_engines, free_port, server
from tests.phone import LOUD, PhoneCall, calling
from vivavoce.transports.sip.events import Answered

N_CALLS = 20
GIVE_UP_S = 15
SCRIPT = '[[turns]]\nwhen = "."\nanswer = "Hello, this is Rosebud."\n'
LINE = 'greeting_line = "Hello, you have reached Rosebud. What can I do for you?"'
WORDED = 'greeting = "Greet the caller, say the name of the shop, Rosebud."'
CALLS_PER_S, LASTING_S = 200, 60


async def run() -> None:
    """Time greetings with fixed-delay engines and with the bundled ones (`standard`)."""
    figures: dict[str, object] = {}
    for name, greeting in (("line", LINE), ("worded", WORDED)):
        async with fixed_delay_engines() as engines:
            figures[f"fixed_{name}_ms"] = report.spread(await _greeted(engines, greeting))
        figures[f"bundled_{name}_ms"] = report.spread(await _greeted("", greeting))
    report.write("greetings", {"calls": N_CALLS, "codec": "pcmu"}, figures)


async def calls_per_second() -> None:
    """Let SIPp make 200 calls a second for a minute; say how many failed."""
    with TemporaryDirectory() as folder:
        script = Path(folder) / "script.toml"
        script.write_text(SCRIPT)
        port = free_port()
        table = "[server]\nmax_sessions = 2000\n" + _table(port, LINE)
        async with server("--scripted", str(script), config=table):
            counted = await _sipp(Path(folder), port)
    report.write("calls-per-second", {"calls_per_s": CALLS_PER_S, "s": LASTING_S}, counted)


def _table(port: int, greeting: str) -> str:
    return (
        f'[sip]\nudp_port = {port}\ntcp_port = "none"\nmax_calls = 2000\nmax_pending_calls = 2000\n'
        f"[rtp]\nfirst_port = 20000\nlast_port = 29999\n[telephone.answer]\n{greeting}\n"
    )


async def _greeted(engines: str, greeting: str) -> list[float]:
    """Return ms from answer to greeting, one call after the other; the first is not counted."""
    port = free_port()
    waits = []
    async with server(config=engines + _table(port, greeting)):
        for _ in range(N_CALLS + 1):
            async with calling(f"sip:shop@127.0.0.1:{port}") as phone:
                await phone.happened(Answered)
                waits.append(await _first_sound_ms(phone))
    return waits[1:]


async def _first_sound_ms(phone: PhoneCall) -> float:
    started = time.perf_counter()
    async with asyncio.timeout(GIVE_UP_S):
        while True:
            samples = np.frombuffer(bytes(phone.heard), "<i2").astype(int)
            if (np.abs(samples) > LOUD).any():
                return (time.perf_counter() - started) * 1000
            await asyncio.sleep(0.005)


async def _sipp(folder: Path, port: int) -> dict[str, object]:
    sipp = await asyncio.create_subprocess_exec(
        *(shutil.which("sipp") or "sipp", "-sn", "uac", f"127.0.0.1:{port}", "-i", "127.0.0.1"),
        *("-r", str(CALLS_PER_S), "-m", str(CALLS_PER_S * LASTING_S), "-d", "500", "-l", "2000"),
        *("-nostdin", "-trace_stat", "-stf", "counted.csv", "-fd", "1"),
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    status = await sipp.wait()
    with (folder / "counted.csv").open() as file:
        last = list(csv.DictReader(file, delimiter=";"))[-1]
    return {
        "sipp_status": status,
        "made": int(last["TotalCallCreated"]),
        "succeeded": int(last["SuccessfulCall(C)"]),
        "failed": int(last["FailedCall(C)"]),
        "retransmissions": int(last["Retransmissions(C)"]),
        "elapsed": last["ElapsedTime(C)"],
    }
