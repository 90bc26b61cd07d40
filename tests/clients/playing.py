"""Runs the program of a client against a served double, and tells what it saw.

A program plays scenes and prints, as JSON, what it saw in each: see `python/scenes.py` and
`node/scenes.mjs`. The double follows `script.toml`.
"""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.recordings import recording
from tests.served import served
from vivavoce.media.pcm import silence

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE = HERE / "node"
TIMEOUT_S = 100
SILENCE_MS = 1_500
"""Behind the speech: more than the 1.2 s that semantic_vad waits when a turn seems complete."""


class Played:
    """What a program saw, by scene."""

    def __init__(self, scenes: dict[str, dict[str, Any]]) -> None:
        self._scenes = scenes

    def __getitem__(self, scene: str) -> dict[str, Any]:
        seen = self._scenes[scene]
        if "raised" in seen:
            pytest.fail(f"in the scene {scene!r} the program raised: {seen['raised']}")
        return seen


def played_by_python(client: str, program: str, folder: Path) -> Played:
    """Run `python/PROGRAM.py` in the environment of a client, against `ws://`."""
    python = ROOT / ".venv-clients" / client / "bin" / "python"
    if not python.exists():
        pytest.fail(f"{client} is not installed: run make test-clients")
    return asyncio.run(_played(folder, str(python), "-m", f"tests.clients.python.{program}"))


def played_here(program: str, folder: Path) -> Played:
    """Run `python/PROGRAM.py` in our own environment: it speaks bare WebSocket."""
    return asyncio.run(_played(folder, sys.executable, "-m", f"tests.clients.python.{program}"))


def played_by_node(program: str, folder: Path, *flags: str, tls: bool = False) -> Played:
    """Run `node/PROGRAM.mjs`; with TLS, against a certificate that Node is told to trust."""
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules").exists():
        pytest.fail("Node.js or its packages are not installed: run make test-clients")
    return asyncio.run(_played(folder, node, *flags, str(NODE / f"{program}.mjs"), tls=tls))


async def _played(folder: Path, *program: str, tls: bool = False) -> Played:
    speech = folder / "speech.pcm"
    speech.write_bytes(recording("goforward").data + silence(SILENCE_MS).data)
    script = ["--scripted", str(HERE / "script.toml"), *(["--tls-self-signed"] if tls else [])]
    async with (
        asyncio.timeout(TIMEOUT_S),
        served(*script, VIVAVOCE_HOME=str(folder)) as (url, _),
    ):
        certificate = str(folder / "tls" / "self-signed.pem")
        process = await asyncio.create_subprocess_exec(
            *(*program, url, str(speech)),
            cwd=ROOT,
            env={**os.environ, "NODE_EXTRA_CA_CERTS": certificate if tls else ""},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            said, complaints = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
    if process.returncode != 0:
        pytest.fail(f"{program} ended with {process.returncode}: {complaints.decode()}")
    return Played(json.loads(said))
