"""Runs a program that plays scenes in a browser, and tells what it saw.

Screenshots are kept in `pictures/`, which git ignores.
"""

import asyncio
import base64
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.clients.playing import Played
from tests.recordings import recording
from vivavoce.media.pcm import Pcm, silence
from vivavoce.media.wav import write_wav

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"
SCRIPT = HERE / "script.toml"
TIMEOUT_S = 400
GIF = base64.b64decode("R0lGODlhAQABAIAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==")
"""One red pixel."""


def write_sounds(folder: Path) -> None:
    """Write what the microphone hears: a second of silence or six, speech, and silence."""
    speech, end = recording("goforward").data, silence(3_000).data
    for name, before_ms in (("speech", 1_000), ("late-speech", 6_000)):
        write_wav(folder / f"{name}.wav", Pcm(silence(before_ms).data + speech + end))
    (folder / "picture.gif").write_bytes(GIF)


def write_conversation(folder: Path) -> None:
    """Write two questions, the second of which comes while something else is being answered."""
    pieces = [silence(1_500), recording("question-capital"), silence(10_000)]
    pieces += [recording("question-week"), silence(10_000)]
    write_wav(folder / "conversation.wav", Pcm(b"".join(piece.data for piece in pieces)))


async def scenes_of(program: str, *arguments: str) -> Played:
    """Run `PROGRAM.mjs` and return what it saw."""
    node = shutil.which("node")
    if node is None or not (HERE / "node_modules").exists():
        pytest.fail("Node.js or its packages are not installed: run make test-browser")
    PICTURES.mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *(node, str(HERE / f"{program}.mjs"), *arguments),
        env={**os.environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            said, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        pytest.fail(f"{program} ended with {process.returncode}: {complaints.decode()}")
    return Played(json.loads(said))
