"""Calls to a served process with scripted engines, for tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
import numpy as np

from tests.api.server import Served
from tests.rtc_client import (
    Caller,
    calling,
)
from tests.runtime.fakes import Fakes
from vivavoce.interfaces import (
    AudioDelta,
    Engines,
    Finished,
    ResponseEvent,
    ResponseRequest,
    Stream,
    TextDelta,
)
from vivavoce.media.pcm import Pcm

GA = "/v1/realtime/calls"
BETA = "/v1/realtime?model=gpt-4o-realtime-preview"
KEYED = {"Authorization": "Bearer sk-1"}
FRAME_BYTES = 1536  # 32 ms at 24 kHz


class VolumeDetector:
    """What is loud enough is speech; silence that went through Opus is not."""

    def __init__(self) -> None:
        self._rest = b""

    def push(self, audio: Pcm) -> list[float]:
        self._rest += audio.data
        probabilities = []
        while len(self._rest) >= FRAME_BYTES:
            frame, self._rest = self._rest[:FRAME_BYTES], self._rest[FRAME_BYTES:]
            loudest = np.abs(np.frombuffer(frame, "<i2").astype(int)).max()
            probabilities.append(0.9 if loudest > 1_000 else 0.0)
        return probabilities


@dataclass
class CallFakes(Fakes):
    """Engines whose detector can hear a real line."""

    heard: list[Pcm] = field(default_factory=list)

    def engines(self) -> Engines:
        fakes = self

        class Detector(VolumeDetector):
            def push(self, audio: Pcm) -> list[float]:
                fakes.heard.append(audio)
                return super().push(audio)

        return msgspec.structs.replace(super().engines(), new_speech_detector=Detector)


def hum(seconds: float, hz: float = 1_000) -> bytes:
    """Return what an engine speaks: 24 kHz."""
    times = np.arange(int(24_000 * seconds)) / 24_000
    return (8_000 * np.sin(2 * np.pi * hz * times)).astype("<i2").tobytes()


async def long_answer(request: ResponseRequest) -> Stream[ResponseEvent]:
    yield TextDelta("Once upon a time there was a server. ")
    yield AudioDelta(hum(4))
    yield Finished()


def fakes() -> CallFakes:
    made = CallFakes()
    made.responder.script = long_answer
    return made


@asynccontextmanager
async def called(
    server: Served, path: str = GA, *, caller: Caller | None = None, opens: bool = True
) -> AsyncIterator[Caller]:
    url = server.url + path
    async with calling(server.http, url, caller=caller, headers=KEYED, opens=opens) as made:
        yield made


async def post(
    server: Served, body: object, content_type: str = "application/sdp", path: str = GA
) -> tuple[int, dict[str, object]]:
    headers = {"Content-Type": content_type, **KEYED}
    async with server.http.post(server.url + path, data=body, headers=headers) as answer:
        read: dict[str, object] = msgspec.json.decode(await answer.read())
        error = read["error"]
        assert isinstance(error, dict)
        return answer.status, error


async def minted(server: Served, path: str, body: object) -> str:
    async with server.http.post(server.url + path, json=body, headers=KEYED) as answer:
        assert answer.status == 200, await answer.text()
        read = await answer.json()
    value: str = read["value"] if "value" in read else read["client_secret"]["value"]
    return value


async def until_over(server: Served, timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while len(server.gateway.directory):  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)
