"""A caller whose loudspeaker is heard by the microphone: a real server, real packets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from tests.recordings import recording
from tests.rtc_client import FRAME_S, RATE_HZ, Caller, calling
from tests.served import served
from tests.transports.lossy_call import LOOPBACK
from vivavoce.media.resample import resample

QUIETER = 10 ** (-12 / 20)
SCRIPT = """
[[turns]]
answer = '''\
The capital of France is Paris, on the river Seine, and about two million people live there, \
most of them on the right bank of the river, where the streets are wide.'''
"""

pytestmark = pytest.mark.timeout(60)


@asynccontextmanager
async def called(folder: Path, **environment: str) -> AsyncIterator[Caller]:
    """Serve and call; the answers come back through the microphone."""
    async with (
        served("--scripted", written(folder), **LOOPBACK, **environment) as (url, _),
        aiohttp.ClientSession() as http,
        calling(http, f"{url}/realtime/calls?model=gpt-realtime") as caller,
        asyncio.TaskGroup() as tasks,
    ):
        echoing = tasks.create_task(echo(caller))
        yield caller
        echoing.cancel()


def written(folder: Path) -> str:
    script = folder / "script.toml"
    script.write_text(SCRIPT)
    return str(script)


async def echo(caller: Caller) -> None:
    """Say again whatever is heard, until cancelled."""
    n_echoed = len(caller.heard)
    while True:
        fresh = np.frombuffer(bytes(caller.heard[n_echoed:]), "<i2")
        n_echoed += len(fresh) * 2
        caller.say((fresh * QUIETER).astype("<i2").tobytes())
        await asyncio.sleep(FRAME_S)


def count(caller: Caller, kind: str) -> int:
    return sum(event["type"] == kind for event in caller.seen)


async def test_an_answer_is_not_interrupted_by_its_echo(tmp_path: Path) -> None:
    async with called(tmp_path) as caller:
        caller.send({"type": "response.create"})
        await caller.received("output_audio_buffer.stopped", 30)

    assert count(caller, "input_audio_buffer.speech_started") == 0


async def test_without_echo_cancellation_it_is(tmp_path: Path) -> None:
    off = {"VIVAVOCE_WEBRTC__ECHO_CANCELLATION": "false"}
    async with called(tmp_path, **off) as caller:
        caller.send({"type": "response.create"})
        await caller.received("input_audio_buffer.speech_started", 20)


async def test_somebody_who_speaks_over_answer_and_echo_interrupts_it(tmp_path: Path) -> None:
    async with called(tmp_path) as caller:
        caller.send({"type": "response.create"})
        await caller.received("output_audio_buffer.started", 20)
        await asyncio.sleep(1.5)
        assert count(caller, "input_audio_buffer.speech_started") == 0
        caller.say(resample(recording("goforward"), RATE_HZ).data)
        await caller.received("output_audio_buffer.cleared", 20)
