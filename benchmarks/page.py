"""How soon does a page hear an answer, and how soon is it silent when the user speaks?

A real Chromium calls a served process with scripted engines; the page itself listens to what comes
out of its loudspeaker and goes into its microphone, which is a file: a second of voice after every
five of silence. Chromium keeps some packets back against jitter; that is part of what is heard.
"""

import asyncio
import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks import report
from benchmarks.calls import SCRIPT
from benchmarks.server import server
from vivavoce.media.pcm import RATE_HZ, Pcm, silence
from vivavoce.media.wav import write_wav

PROGRAM = Path(__file__).with_suffix(".mjs")
SILENCE_MS, VOICE_MS = 5_000, 1_000


async def run() -> None:
    """Measure, and store the figures; needs what `make test-browser` installs."""
    with TemporaryDirectory() as folder:
        script, microphone = Path(folder) / "script.toml", Path(folder) / "microphone.wav"
        script.write_text(SCRIPT)
        times = np.arange(VOICE_MS * RATE_HZ // 1000) / RATE_HZ
        voice = (8_000 * np.sin(2 * np.pi * 440 * times)).astype("<i2").tobytes()
        write_wav(microphone, Pcm(silence(SILENCE_MS).data + voice))
        async with server("--scripted", str(script)) as (url, _):
            seen = await _seen(url, str(microphone))
    figures: dict[str, object] = {
        "first_sound_ms": report.spread(seen["firstSounds"]),
        "first_delta_over_websocket_ms": report.spread(seen["firstDeltas"]),
        "voice_to_silence_ms": report.spread(seen["silences"]),
    }
    report.write("page", {"voice_ms": VOICE_MS}, figures)


async def _seen(url: str, microphone: str) -> dict[str, list[float]]:
    node = shutil.which("node")
    assert node is not None, "Node.js is not installed"
    process = await asyncio.create_subprocess_exec(
        node, str(PROGRAM), url, microphone, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    seen: dict[str, list[float]] = json.loads(said)["page"]
    assert "raised" not in seen, seen["raised"]
    return seen
