"""Runs the program of a client against a server, and tells what it saw.

A program plays scenes and prints, as JSON, what it saw in each: see `python/scenes.py` and
`node/scenes.mjs`. The server is a double that follows `script.toml`, unless told otherwise.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.recordings import recording
from tests.served import served
from vivavoce.media.pcm import silence

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE = HERE / "node"
SCRIPTED = ("--scripted", str(HERE / "script.toml"))
TIMEOUT_S = 100
FIRST_WITH_WEBSOCKET = 22
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


def played_by_python(
    client: str, program: str, folder: Path, serve: Sequence[str] = SCRIPTED
) -> Played:
    """Run `python/PROGRAM.py` in the environment of a client, against `ws://`."""
    python = ROOT / ".venv-clients" / client / "bin" / "python"
    if not python.exists():
        pytest.fail(f"{client} is not installed: run make test-clients")
    module = f"tests.clients.python.{program}"
    return asyncio.run(_played(folder, serve, str(python), "-m", module))


def played_here(program: str, folder: Path, serve: Sequence[str] = SCRIPTED) -> Played:
    """Run `python/PROGRAM.py` in our own environment: it speaks bare WebSocket."""
    module = f"tests.clients.python.{program}"
    return asyncio.run(_played(folder, serve, sys.executable, "-m", module))


def played_by_node(
    program: str,
    folder: Path,
    *flags: str,
    tls: bool = False,
    serve: Sequence[str] = SCRIPTED,
) -> Played:
    """Run `node/PROGRAM.mjs`; with TLS, against a certificate that Node is told to trust."""
    command = (installed_node(), *flags, str(NODE / f"{program}.mjs"))
    return asyncio.run(_played(folder, serve, *command, tls=tls))


def installed_node() -> str:
    """Return the path of Node.js; fail where it or its packages are missing."""
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules").exists():
        pytest.fail("Node.js or its packages are not installed: run make test-clients")
    return node


def websocket_flag() -> list[str]:
    """Node has the WebSocket of browsers; before version 22 behind a flag."""
    node = shutil.which("node") or "node"
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True)
    major = int(version.stdout.removeprefix("v").split(".")[0])
    return [] if major >= FIRST_WITH_WEBSOCKET else ["--experimental-websocket"]


async def _played(folder: Path, serve: Sequence[str], *program: str, tls: bool = False) -> Played:
    speech = folder / "speech.pcm"
    speech.write_bytes(recording("goforward").data + silence(SILENCE_MS).data)
    async with (
        asyncio.timeout(TIMEOUT_S),
        served(*serve, *(["--tls-self-signed"] if tls else []), VIVAVOCE_HOME=str(folder)) as (
            url,
            _,
        ),
    ):
        certificate = str(folder / "tls" / "self-signed.pem")
        trusted = {"NODE_EXTRA_CA_CERTS": certificate if tls else ""}
        return await printed_by(*program, url, str(speech), **trusted)


async def printed_by(*program: str, **environment: str) -> Played:
    """Run a program to its end; return the JSON that it printed, or fail with its complaints."""
    process = await asyncio.create_subprocess_exec(
        *program,
        cwd=ROOT,
        env={**os.environ, **environment},
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
