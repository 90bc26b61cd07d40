"""Whether a conversation stays quick as it grows.

`hour`: a 60-minute session, accelerated (audio is sent as fast as it is taken), fixed-delay
engines: the first audio of the last turns against the first ones.
`window`: 40 turns over a window of 2,048 tokens (`light`): no first token later than twice the
median, although the context is cut again and again.
"""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

import aiohttp

from benchmarks import report
from benchmarks.clips import load
from benchmarks.server import fixed_delay_engines, server
from benchmarks.speaker import server_vad
from vivavoce.media.pcm import BYTES_PER_MS

HOUR_S = 3600
SILENCE_MS = 200
COMPARED_TURNS = 20
ANSWER_MS = 7_000
WINDOW_TURNS = 40
LISTENING_S = 2.0  # the user hears the answer and thinks, before the next question

Event = dict[str, object]


@asynccontextmanager
async def conversation(url: str, session: Event) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Open a session with these settings."""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(f"{url}/realtime?model=gpt-realtime", max_msg_size=0) as socket,
    ):
        await socket.send_json(
            {"type": "session.update", "session": {"type": "realtime", **session}}
        )
        yield socket


async def until(socket: aiohttp.ClientWebSocketResponse, *kinds: str) -> tuple[str, float]:
    """Read events up to one of these; return its type and when it came."""
    async for message in socket:
        kind = json.loads(message.data)["type"]
        if kind in kinds:
            return kind, time.perf_counter()
    raise ConnectionError("the server ended the session")


async def hour() -> None:
    """Speak for an hour of audio time."""
    waits: list[float] = []
    heard_s = 0.0
    clips = load(SILENCE_MS)
    async with (
        fixed_delay_engines() as config,
        server(config=config + "\n[session]\nmax_duration_s = 7200.0\n") as (url, _),
        conversation(url, server_vad(SILENCE_MS)) as socket,
    ):
        while heard_s < HOUR_S:
            clip = clips[len(waits) % len(clips)]
            sound = clip.audio() + bytes((SILENCE_MS + 100) * BYTES_PER_MS)
            await socket.send_json(append(sound))
            spoken = time.perf_counter()
            _, heard_at = await until(socket, "response.output_audio.delta")
            waits.append((heard_at - spoken) * 1000)
            await until(socket, "response.done")
            rest = bytes(ANSWER_MS * BYTES_PER_MS)  # the answer is being heard
            await socket.send_json(append(rest))
            heard_s += (len(sound) + len(rest)) / BYTES_PER_MS / 1000
    first, last = waits[1 : COMPARED_TURNS + 1], waits[-COMPARED_TURNS:]
    figures: dict[str, object] = {
        "turns": len(waits),
        "first_turns_ms": report.spread(first),
        "last_turns_ms": report.spread(last),
        "ratio": round(median(last) / median(first), 3),
    }
    report.write("hour", {"audio_s": HOUR_S, "silence_ms": SILENCE_MS}, figures)


async def window() -> None:
    """Ask 40 questions in writing; the context is cut after answers, in the background."""
    config = "[engines.language_model]\nwindow_tokens = 2048\n"
    waits: list[float] = []
    async with (
        server("--profile", "light", config=config) as (url, _),
        conversation(url, {"output_modalities": ["text"], "max_output_tokens": 60}) as socket,
    ):
        for number in range(WINDOW_TURNS):
            await socket.send_json(question(number))
            asked = time.perf_counter()
            await socket.send_json({"type": "response.create"})
            _, came = await until(socket, "response.output_text.delta")
            waits.append((came - asked) * 1000)
            await until(socket, "response.done")
            await asyncio.sleep(LISTENING_S)
    figures: dict[str, object] = {
        "first_token_ms": report.spread(waits[1:]),
        "worst_to_median": round(max(waits[1:]) / median(waits[1:]), 2),
    }
    report.write("window", {"turns": WINDOW_TURNS, "window_tokens": 2048}, figures)


def append(sound: bytes) -> Event:
    """Return the event that appends this audio."""
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(sound).decode()}


def question(number: int) -> Event:
    """Return an item of some 50 tokens."""
    text = (
        f"This is question number {number}. Suppose that I walk through a town with {number} "
        "houses, and that in every house there live two cats and one dog. Tell me in two "
        "sentences something that I should know about the animals in the house on the left."
    )
    content = [{"type": "input_text", "text": text}]
    item = {"type": "message", "role": "user", "content": content}
    return {"type": "conversation.item.create", "item": item}
